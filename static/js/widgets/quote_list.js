/** Perpetuals, dated futures and spot of one coin. */

import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";

const COLUMNS = ["bidSize", "bid", "ask", "askSize", "last", "mark", "basis", "leg"];
const TITLES = { bidSize: "Size", bid: "Bid", ask: "Ask", askSize: "Size", last: "Last", mark: "Mark", basis: "Basis", leg: "Leg" };
const ORDER = { spot: 0, perpetual: 1, future: 2 };

export class QuoteList {
  constructor() {
    const titles = COLUMNS.map((column) => element("th", { scope: "col" }, TITLES[column]));
    this.body = element("tbody");
    this.node = element(
      "div",
      { class: "chain-scroll" },
      element(
        "table",
        { class: "grid quotes" },
        element("caption", { class: "hidden-text" }, "Spot, perpetual and futures"),
        element("thead", {}, element("tr", {}, element("th", { class: "left", scope: "col" }, "Instrument"), element("th", { class: "left", scope: "col" }, "Kind"), ...titles)),
        this.body,
      ),
    );
    this.dirty = new Set();
    this.rows = new Map();
  }

  show(coin) {
    const listed = page.list(coin, (one) => one.kind !== "option" && one.isListed);
    listed.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || a.expiry_at_ns - b.expiry_at_ns || a.name.localeCompare(b.name));
    const rows = listed.map((instrument) => this.rows.get(instrument.name) ?? this.addRow(instrument));
    arrange(this.body, rows.map((row) => row.node));
    this.dirty.clear();
    for (const row of rows) this.drawRow(row);
  }

  addRow(instrument) {
    const { name } = instrument;
    const texts = Object.fromEntries(COLUMNS.map((column) => [column, element("span", {}, format.NOTHING)]));
    texts.bid = button(format.NOTHING, "bid buy", () => seed(instrument, "sell"));
    texts.ask = button(format.NOTHING, "ask sell", () => seed(instrument, "buy"));
    texts.leg = button("+", "leg", (event) => selection.addLeg(name, event.shiftKey ? "sell" : "buy"));
    texts.leg.setAttribute("aria-label", `Add ${name} to the structure`);
    const open = button(name, "name", () => selection.set({ instrument: name }));
    const node = element(
      "tr",
      {},
      element("td", { class: "left" }, open),
      element("td", { class: "left muted" }, `${instrument.kind}${instrument.is_inverse ? " · inverse" : " · linear"}`),
      ...COLUMNS.map((column) => element("td", { class: column.endsWith("Size") ? "muted" : null }, texts[column])),
    );
    const row = { node, texts, instrument };
    this.rows.set(name, row);
    return row;
  }

  drawRow({ node, texts, instrument }) {
    const ticker = market.tickers.get(instrument.name);
    setAttribute(node, "data-selected", String(selection.instrument === instrument.name));
    if (!ticker) return;
    setAttribute(node, "data-stale", String(market.isStale(instrument.name)));
    setText(texts.bid, format.exact(ticker.bid_price));
    setText(texts.ask, format.exact(ticker.ask_price));
    setText(texts.bidSize, format.short(ticker.bid_quantity));
    setText(texts.askSize, format.short(ticker.ask_quantity));
    setText(texts.last, format.exact(ticker.last_price));
    setText(texts.mark, format.number(ticker.mark_price, instrument.priceDecimals));
    const index = market.indices.get(instrument.coin)?.price;
    setText(texts.basis, index && ticker.mark_price ? `${format.signed((ticker.mark_price / index - 1) * 1e4, 1)} bp` : format.NOTHING);
  }
}

function seed(instrument, side) {
  const ticker = market.tickers.get(instrument.name);
  const price = side === "sell" ? ticker?.bid_price : ticker?.ask_price;
  selection.seed({ instrument: instrument.name, side, price: price ?? null });
}

function button(text, className, onclick) {
  return element("button", { type: "button", class: className, onclick }, text);
}
