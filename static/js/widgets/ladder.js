/** The depth of the selected instrument. A crossed book is never drawn: the last good one stays, marked. */

import { socket, subscribe } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { element, setAttribute, setDisabled, setText, setVariable } from "../lib/dom.js";
import { compareText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { isOld, market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { Widget } from "./widget.js";

const LEVELS = 10;

class Ladder extends Widget {
  build() {
    this.heading = element("span", { class: "panel-title" }, "Depth");
    this.note = element("span", { class: "stale-mark", role: "status" }, "");
    this.last = element("b", {}, format.NOTHING);
    this.spread = element("span", { class: "muted" }, "");
    this.asks = this.addSide("sell");
    this.bids = this.addSide("buy");
    this.shown = LEVELS;
    new ResizeObserver(() => this.fit()).observe(this.bids.node);
    const heads = ["Price", "Size", "Total"].map((title) => element("span", {}, title));
    this.append(
      element("div", { class: "panel-head" }, this.heading, this.note),
      element("div", { class: "ladder-head", "aria-hidden": "true" }, ...heads),
      element("div", { class: "ladder" }, this.asks.node, element("div", { class: "ladder-middle" }, this.last, this.spread), this.bids.node),
    );
    this.asks.rows[0].node.tabIndex = 0;
    this.addEventListener("keydown", (event) => this.move(event));
  }

  /** One level is in the tab order, the best ask; arrow keys go on from there. */
  move(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const levels = [...this.querySelectorAll(".ladder-row:not([disabled]):not([hidden])")];
    levels[levels.indexOf(event.target) + step]?.focus();
  }

  addSide(side) {
    const rows = Array.from({ length: LEVELS }, () => this.addLevel(side));
    const ordered = side === "sell" ? [...rows].reverse() : rows;
    return { side, rows, node: element("div", { class: "ladder-side", "data-side": side }, ...ordered.map((row) => row.node)) };
  }

  addLevel(side) {
    const [price, size, total, own] = ["price", "", "muted", "own"].map((name) => element("span", { class: name }, " "));
    const node = element("button", { class: "ladder-row", type: "button", tabindex: -1, disabled: true }, own, price, size, total);
    const row = { node, price, size, total, own, text: "" };
    node.addEventListener("click", () => selection.seed({ instrument: this.name, side: side === "sell" ? "buy" : "sell", price: row.text }));
    return row;
  }

  listen() {
    this.watch(selection, "instrument", (name) => this.choose(name));
    this.watch(market, "book", (name) => name === this.name && invalidate(this));
    this.watch(firm, "orders");
    this.every(500);
    if (selection.instrument) this.choose(selection.instrument);
  }

  /** Whole rows only. */
  fit() {
    const row = this.bids.rows[0].node.offsetHeight || 20;
    this.shown = Math.max(1, Math.min(LEVELS, Math.floor(this.bids.node.clientHeight / row)));
    invalidate(this);
  }

  choose(name) {
    if (name === this.name) return;
    if (this.name) socket.unsubscribe([`book.${this.name}`, `trades.${this.name}`]);
    this.name = name;
    this.book = null;
    subscribe([`book.${name}`, `trades.${name}`, `ticker.${name}`]);
    invalidate(this);
  }

  draw() {
    if (!this.name) return;
    const latest = market.books.get(this.name);
    const isCrossed = latest !== undefined && crossed(latest);
    if (latest && !isCrossed) this.book = latest;
    setText(this.heading, this.name);
    setText(this.note, isCrossed ? "crossed, waiting for the next book" : this.book && isOld(this.book) ? "stale" : "");
    const most = this.book ? Math.max(...[...this.book.bids, ...this.book.asks].map((level) => Number(level[1])), 0) : 1;
    const own = this.ownOrders();
    this.drawSide(this.asks, this.book?.asks ?? [], most, own);
    this.drawSide(this.bids, this.book?.bids ?? [], most, own);
    this.drawMiddle();
  }

  ownOrders() {
    const own = new Set();
    for (const order of firm.orders.values()) {
      if (order.instrument_name === this.name && OPEN_ORDER_STATES.has(order.state)) own.add(`${order.side}${Number(order.price)}`);
    }
    return own;
  }

  drawSide({ side, rows }, levels, most, own) {
    const instrument = page.instrument(this.name);
    let total = 0;
    rows.forEach((row, i) => {
      const level = levels[i];
      row.node.hidden = i >= this.shown;
      setDisabled(row.node, level === undefined);
      if (level === undefined) return;
      total += Number(level[1]);
      row.text = level[0];
      setText(row.price, format.exact(level[0]));
      setText(row.size, format.short(level[1]));
      setText(row.total, format.number(total, instrument?.quantityDecimals ?? 0));
      setText(row.own, own.has(`${side}${Number(level[0])}`) ? "●" : "");
      setVariable(row.node, "--share", (Number(level[1]) / most).toFixed(3));
      setAttribute(row.node, "aria-label", `${side === "sell" ? "Ask" : "Bid"} ${level[0]} for ${level[1]}`);
    });
  }

  drawMiddle() {
    const instrument = page.instrument(this.name);
    const ticker = market.tickers.get(this.name);
    setText(this.last, ticker ? format.number(ticker.mark_price, instrument?.priceDecimals ?? 4) : format.NOTHING);
    const [bid, ask] = [this.book?.bids[0], this.book?.asks[0]];
    const gap = bid && ask ? Number(ask[0]) - Number(bid[0]) : NaN;
    setText(this.spread, Number.isFinite(gap) ? `mark · spread ${format.number(gap, instrument?.priceDecimals ?? 4)}` : "mark");
  }
}

function crossed(book) {
  return book.bids.length > 0 && book.asks.length > 0 && compareText(book.bids[0][0], book.asks[0][0]) >= 0;
}

customElements.define("parley-ladder", Ladder);
