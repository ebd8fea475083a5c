/** Recent trades of the selected instrument: in Parley's own book, or elsewhere, at venues and in the market that plays. */

import { hold } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { arrange, element, pressOnly, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";
import { nameOf } from "./ticket_venue.js";
import { Widget } from "./widget.js";

const TRADES_MAX = 30;
const SIDES = { buy: "▲ buy", sell: "▼ sell" };
const PLACES = { here: "Here", elsewhere: "Elsewhere" };

class Trades extends Widget {
  build() {
    this.body = element("tbody");
    this.empty = element("p", { class: "panel-empty" }, "No trade yet");
    this.rows = [];
    this.place = "here";
    const buttons = Object.entries(PLACES).map(([place, title]) => element("button", { type: "button", class: "tab", "data-value": place, onclick: () => this.choose(place) }, title));
    const head = ["Time", "Side", "Price", "Size"].map((title) => element("th", { scope: "col" }, title));
    this.venueHead = element("th", { scope: "col", class: "left" }, "Venue");
    const caption = element("caption", { class: "hidden-text" }, "Recent trades");
    this.table = element("table", { class: "grid" }, caption, element("thead", {}, element("tr", {}, ...head, this.venueHead)), this.body);
    this.places = element("span", { class: "tabs", role: "group", "aria-label": "Trades of" }, ...buttons);
    const title = element("div", { class: "panel-head" }, element("span", { class: "panel-title" }, "Trades"), this.places);
    this.append(title, element("div", { class: "trades panel-body", tabindex: 0, role: "region", "aria-label": "Recent trades list" }, this.table, this.empty));
  }

  listen() {
    this.watch(market, "trades", (name) => name === selection.instrument && invalidate(this));
    this.watch(market, "marketTrades", (name) => name === selection.instrument && invalidate(this));
    this.watch(selection, "instrument");
  }

  choose(place) {
    this.place = place;
    invalidate(this);
  }

  draw() {
    const isElsewhere = this.place === "elsewhere";
    hold(this, isElsewhere && selection.instrument ? [`market_trades.${selection.instrument}`] : []);
    pressOnly(this.places, this.place);
    this.venueHead.hidden = !isElsewhere;
    const frames = isElsewhere ? market.marketTrades : market.trades;
    const trades = (frames.get(selection.instrument)?.trades ?? []).slice(0, TRADES_MAX);
    while (this.rows.length < trades.length) this.rows.push(addRow());
    trades.forEach((trade, i) => drawRow(this.rows[i], trade, isElsewhere));
    arrange(this.body, this.rows.slice(0, trades.length).map((row) => row.node));
    this.empty.hidden = trades.length > 0;
    this.table.hidden = trades.length === 0;
  }
}

function addRow() {
  const [time, side, price, size] = Array.from({ length: 4 }, () => element("td", {}, " "));
  const venue = element("td", { class: "left", hidden: true }, " ");
  return { node: element("tr", {}, time, side, price, size, venue), time, side, price, size, venue };
}

/** A venue may not say who took. */
function drawRow({ time, side, price, size, venue }, trade, isElsewhere) {
  setText(time, format.timeOfDay(trade.at_ns));
  setText(side, SIDES[trade.side] ?? format.NOTHING);
  setText(price, format.exact(trade.price));
  setText(size, format.short(trade.quantity));
  venue.hidden = !isElsewhere;
  if (isElsewhere) setText(venue, trade.venue ? nameOf(trade.venue) : "Market");
  const className = trade.side ?? "";
  if (side.className !== className) side.className = price.className = className;
}

customElements.define("parley-trades", Trades);
