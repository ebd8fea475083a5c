/**
 * The option chain of one expiry: calls, strike, puts. Rows are built once per expiry; afterwards only the cells of
 * tickers that moved are touched. Arrow keys move between the cells, one of which is in the tab order.
 */

import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { notify } from "./notices.js";

const CALL_COLUMNS = ["delta", "volatility", "mark", "bidSize", "bid", "ask", "askSize", "leg"];
const PUT_COLUMNS = ["leg", "bidSize", "bid", "ask", "askSize", "mark", "volatility", "delta"];
const TITLES = {
  delta: "Delta",
  volatility: "IV",
  mark: "Mark",
  bidSize: "Size",
  bid: "Bid",
  ask: "Ask",
  askSize: "Size",
  leg: "Leg",
};
const CLASSES = { delta: "greek", volatility: "greek", mark: "greek", bidSize: "size", askSize: "size", bid: "bid", ask: "ask" };
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class ChainTable {
  constructor() {
    this.body = element("tbody");
    this.table = element("table", { class: "chain" }, element("caption", { class: "hidden-text" }, "Option chain"), widths(), head(), this.body);
    this.node = element("div", { class: "chain-scroll" }, this.table);
    this.body.addEventListener("keydown", (event) => this.move(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.forward = element("td", { colspan: 17 }, " ");
    this.forwardRow = element("tr", { class: "forward" }, this.forward);
    /** @type {Set<string>} */
    this.dirty = new Set();
    this.cells = new Map();
    this.key = "";
    this.staleText = "";
  }

  show(coin, expiry) {
    const options = page.list(coin, (one) => one.kind === "option" && one.expiryCode === expiry && one.isListed && one.is_inverse);
    const key = `${coin}.${expiry}.${options.length}`;
    if (key !== this.key) this.rebuild(key, options);
    for (const name of this.dirty) if (this.cells.has(name)) this.drawOption(name);
    this.dirty.clear();
    this.drawForward();
    this.drawSelection();
    this.drawStale();
  }

  rebuild(key, options) {
    this.key = key;
    this.cells.clear();
    this.rows = [];
    const strikes = [...new Set(options.map((option) => option.strikeNumber))].sort((a, b) => a - b);
    const pick = (strike, isCall) => options.find((option) => option.strikeNumber === strike && option.isCall === isCall);
    for (const strike of strikes) this.rows.push(this.addRow(strike, pick(strike, true), pick(strike, false)));
    this.body.replaceChildren(...this.rows.map((row) => row.node));
    this.body.querySelector("button")?.setAttribute("tabindex", "0");
    this.forwardAt = null;
    this.mustCenter = true;
    for (const name of this.cells.keys()) this.dirty.add(name);
  }

  addRow(strike, call, put) {
    const node = element("tr", {}, ...this.addSide("call", CALL_COLUMNS, call));
    node.append(element("th", { scope: "row" }, format.number(strike, strike % 1 ? 2 : 0)));
    node.append(...this.addSide("put", PUT_COLUMNS, put));
    return { node, strike, names: [call?.name, put?.name] };
  }

  addSide(side, columns, instrument) {
    const texts = {};
    const nodes = columns.map((column) => {
      const leaf = addLeaf(column, instrument);
      texts[column] = leaf;
      const kind = leaf.tagName === "BUTTON" ? "quote" : "";
      return element("td", { class: `${side} ${CLASSES[column] ?? ""} ${kind}`.trim() }, leaf);
    });
    if (instrument) this.cells.set(instrument.name, { texts, instrument, nodes, side });
    return nodes;
  }

  drawOption(name) {
    const { texts, instrument } = this.cells.get(name);
    const ticker = market.tickers.get(name);
    if (!ticker) return;
    setText(texts.bid, format.exact(ticker.bid_price));
    setText(texts.ask, format.exact(ticker.ask_price));
    setText(texts.bidSize, format.exact(ticker.bid_quantity));
    setText(texts.askSize, format.exact(ticker.ask_quantity));
    setText(texts.mark, format.number(ticker.mark_price, instrument.priceDecimals));
    setText(texts.volatility, format.percent(ticker.mark_volatility));
    setText(texts.delta, format.signed(ticker.delta, 2));
  }

  /** The line between the strikes where the forward stands. */
  drawForward() {
    const ticker = this.rows.map((row) => market.tickers.get(row.names[0] ?? row.names[1])).find((one) => one?.forward_price);
    if (!ticker) return;
    const at = this.rows.findIndex((row) => row.strike >= ticker.forward_price);
    if (at !== this.forwardAt) this.placeForward(at);
    const volatility = this.nearVolatility(at, ticker.forward_price);
    setText(this.forward, `Forward ${format.number(ticker.forward_price, 2)}   ·   ATM IV ${format.percent(volatility)}`);
    if (this.mustCenter) this.center();
  }

  /** At the forward, between the strikes on its two sides. */
  nearVolatility(at, forward) {
    const above = this.rows[at < 0 ? this.rows.length - 1 : at];
    const below = this.rows[at - 1] ?? above;
    const [low, high] = [below, above].map((row) => market.tickers.get(row.names[0] ?? row.names[1])?.mark_volatility);
    const share = below === above ? 0 : (forward - below.strike) / (above.strike - below.strike);
    return low + (high - low) * share;
  }

  placeForward(at) {
    this.forwardAt = at;
    this.body.insertBefore(this.forwardRow, at < 0 ? null : this.rows[at].node);
    this.rows.forEach((row, i) => {
      const isBelow = at < 0 || i < at;
      for (const cell of row.node.children) {
        const isItm = cell.classList.contains("call") ? isBelow : cell.classList.contains("put") && !isBelow;
        setAttribute(cell, "data-itm", isItm ? "true" : null);
      }
    });
  }

  center() {
    this.mustCenter = false;
    this.node.scrollTop = this.forwardRow.offsetTop - this.node.clientHeight / 2;
  }

  drawSelection() {
    for (const row of this.rows) {
      const [call, put] = row.names;
      const side = selection.instrument === call ? "call" : selection.instrument === put ? "put" : null;
      setAttribute(row.node, "data-selected", side);
    }
  }

  drawStale() {
    let stale = 0;
    for (const row of this.rows) {
      const [call, put] = row.names.map((name) => name !== undefined && market.tickers.has(name) && market.isStale(name));
      setAttribute(row.node, "data-stale-call", call ? "true" : null);
      setAttribute(row.node, "data-stale-put", put ? "true" : null);
      stale += Number(call) + Number(put);
    }
    this.staleText = stale ? `${stale} of ${this.cells.size} prices stale` : "";
  }

  click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { name, column } = button.dataset;
    this.focusable(button);
    if (column === "leg") {
      const refusal = selection.addLeg(name, event.shiftKey ? "sell" : "buy");
      if (refusal) notify(refusal, "bad");
      return;
    }
    const ticker = market.tickers.get(name);
    const isBid = column === "bid";
    const price = isBid ? ticker?.bid_price : ticker?.ask_price;
    selection.seed({ instrument: name, side: isBid ? "sell" : "buy", price: price ?? null });
  }

  move(event) {
    const step = ARROWS[event.key];
    if (!step || event.target.tagName !== "BUTTON") return;
    event.preventDefault();
    const row = event.target.closest("tr");
    const buttons = [...row.querySelectorAll("button")];
    const column = buttons.indexOf(event.target) + step[1];
    const at = this.rows.findIndex((one) => one.node === row) + step[0];
    const next = this.rows[at]?.node.querySelectorAll("button")[column];
    if (!next) return;
    this.focusable(next);
    next.focus();
  }

  focusable(button) {
    for (const old of this.body.querySelectorAll('button[tabindex="0"]')) old.setAttribute("tabindex", "-1");
    button.setAttribute("tabindex", "0");
  }
}

/** The table is laid out by its columns, whatever the numbers in them are. */
function widths() {
  const columns = [...CALL_COLUMNS, "strike", ...PUT_COLUMNS];
  return element("colgroup", {}, ...columns.map((column) => element("col", { class: `column-${column}` })));
}

function head() {
  const group = (title) => element("th", { colspan: 8, scope: "colgroup" }, title);
  const titles = [...CALL_COLUMNS, "strike", ...PUT_COLUMNS].map((column) =>
    element("th", { scope: "col" }, column === "strike" ? "" : TITLES[column]),
  );
  return element(
    "thead",
    {},
    element("tr", {}, group("Calls"), element("th", { scope: "col" }, "Strike"), group("Puts")),
    element("tr", {}, ...titles),
  );
}

/** A text span, or a button where the cell does something. */
function addLeaf(column, instrument) {
  if (!instrument) return element("span", {}, "");
  const { name } = instrument;
  if (column === "leg") {
    const label = `Add ${name} to the structure; with Shift sell`;
    return element("button", { class: "leg", type: "button", tabindex: -1, "data-name": name, "data-column": column, "aria-label": label, title: "Add leg (Shift: sell)" }, "+");
  }
  if (column === "bid" || column === "ask") {
    return element("button", { class: `cell ${column}`, type: "button", tabindex: -1, "data-name": name, "data-column": column }, format.NOTHING);
  }
  return element("span", {}, format.NOTHING);
}
