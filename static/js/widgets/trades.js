/** Recent public trades of the selected instrument. */

import { invalidate } from "../lib/draw.js";
import { arrange, element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";
import { Widget } from "./widget.js";

const TRADES_MAX = 30;

class Trades extends Widget {
  build() {
    this.body = element("tbody");
    this.empty = element("p", { class: "panel-empty" }, "No trade yet");
    this.rows = [];
    const head = ["Time", "Side", "Price", "Size"].map((title) => element("th", { scope: "col" }, title));
    const caption = element("caption", { class: "hidden-text" }, "Recent trades");
    this.table = element("table", { class: "grid" }, caption, element("thead", {}, element("tr", {}, ...head)), this.body);
    this.append(element("div", { class: "panel-head" }, element("span", { class: "panel-title" }, "Trades")), element("div", { class: "trades panel-body", tabindex: 0, role: "region", "aria-label": "Recent trades list" }, this.table, this.empty));
  }

  listen() {
    this.watch(market, "trades", (name) => name === selection.instrument && invalidate(this));
    this.watch(selection, "instrument");
  }

  draw() {
    const trades = (market.trades.get(selection.instrument)?.trades ?? []).slice(0, TRADES_MAX);
    while (this.rows.length < trades.length) this.rows.push(addRow());
    trades.forEach((trade, i) => drawRow(this.rows[i], trade));
    arrange(this.body, this.rows.slice(0, trades.length).map((row) => row.node));
    this.empty.hidden = trades.length > 0;
    this.table.hidden = trades.length === 0;
  }
}

function addRow() {
  const [time, side, price, size] = Array.from({ length: 4 }, () => element("td", {}, " "));
  return { node: element("tr", {}, time, side, price, size), time, side, price, size };
}

function drawRow({ time, side, price, size }, trade) {
  setText(time, format.timeOfDay(trade.at_ns));
  setText(side, trade.side === "buy" ? "▲ buy" : "▼ sell");
  setText(price, format.exact(trade.price));
  setText(size, format.short(trade.quantity));
  const className = trade.side === "buy" ? "buy" : "sell";
  if (side.className !== className) side.className = price.className = className;
}

customElements.define("parley-trades", Trades);
