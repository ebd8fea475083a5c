/** The legs of the structure being built: side, ratio, instrument, price and a way out. */

import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";

const RATIO_MAX = 100_000;

export class LegRows {
  constructor() {
    this.node = element("div", { class: "legs" });
    this.rows = new Map();
  }

  draw(legs) {
    arrange(this.node, legs.map((leg) => this.drawRow(leg)));
    for (const name of this.rows.keys()) if (!legs.some((leg) => leg.instrument_name === name)) this.rows.delete(name);
  }

  drawRow(leg) {
    const row = this.rows.get(leg.instrument_name) ?? this.addRow(leg.instrument_name);
    setText(row.side, leg.side === "buy" ? "Buy" : "Sell");
    setAttribute(row.side, "data-side", leg.side);
    if (document.activeElement !== row.ratio) row.ratio.value = String(leg.ratio);
    const ticker = market.tickers.get(leg.instrument_name);
    setText(row.quote, `${format.exact(ticker?.bid_price)} / ${format.exact(ticker?.ask_price)}`);
    return row.node;
  }

  addRow(name) {
    const label = (what) => ({ "aria-label": `${what} of ${name}` });
    const side = element("button", { class: "button button-small leg-side", type: "button", ...label("Side"), title: "Turn the side", onclick: () => change(name, turned) }, "Buy");
    const ratio = element("input", { class: "input input-small", inputmode: "numeric", ...label("Ratio"), oninput: (event) => setRatio(name, event.target.value) });
    ratio.addEventListener("keydown", (event) => stepRatio(name, event));
    const quote = element("span", { class: "muted" }, "");
    const remove = element("button", { class: "button button-small button-plain", type: "button", "aria-label": `Remove ${name}`, onclick: () => drop(name) }, "✕");
    const node = element("div", { class: "leg-row" }, side, ratio, element("span", {}, name), quote, remove);
    const row = { node, side, ratio, quote };
    this.rows.set(name, row);
    return row;
  }
}

function change(name, how) {
  selection.set({ legs: selection.legs.map((leg) => (leg.instrument_name === name ? how(leg) : leg)) });
}

function turned(leg) {
  return { ...leg, side: leg.side === "buy" ? "sell" : "buy" };
}

function setRatio(name, text) {
  const ratio = Number(text);
  if (Number.isInteger(ratio) && ratio >= 1 && ratio <= RATIO_MAX) change(name, (leg) => ({ ...leg, ratio }));
}

function stepRatio(name, event) {
  const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = Math.min(RATIO_MAX, Math.max(1, Number(event.target.value) + step * (event.shiftKey ? 10 : 1)));
  event.target.value = String(next);
  setRatio(name, String(next));
}

function drop(name) {
  selection.set({ legs: selection.legs.filter((leg) => leg.instrument_name !== name) });
}
