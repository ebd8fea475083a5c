/** The legs of the structure being built: side, ratio, instrument, price, hedge or not, and a way out. */

import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import { readTyped, roundToStep } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";

const RATIO_MAX = 100_000;
const HEDGES = new Set(["future", "perpetual"]);

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
    this.drawHedge(row, leg);
    return row.node;
  }

  drawHedge(row, leg) {
    row.hedge.hidden = !HEDGES.has(page.instrument(leg.instrument_name)?.kind);
    setAttribute(row.hedge, "aria-pressed", String(Boolean(leg.is_hedge)));
    row.price.hidden = !leg.is_hedge;
    row.quote.hidden = Boolean(leg.is_hedge);
    if (leg.is_hedge && !leg.price) setHedge(leg.instrument_name, true);
    if (document.activeElement !== row.price) row.price.value = leg.price ?? "";
  }

  addRow(name) {
    const label = (what) => ({ "aria-label": `${what} of ${name}` });
    const side = element("button", { class: "button button-small leg-side", type: "button", ...label("Side"), title: "Turn the side", onclick: () => change(name, turned) }, "Buy");
    const ratio = element("input", { class: "input input-small", inputmode: "numeric", ...label("Ratio"), oninput: (event) => setRatio(name, event.target.value) });
    ratio.addEventListener("keydown", (event) => stepRatio(name, event));
    const quote = element("span", { class: "muted" }, "");
    const hedge = element("button", { class: "button button-small leg-hedge", type: "button", title: "Hedge leg: trades at the price you fix, outside the net price", ...label("Hedge leg"), onclick: () => toggleHedge(name) }, "Hedge");
    const price = element("input", { class: "input input-small", inputmode: "decimal", ...label("Fixed price"), onchange: (event) => setPrice(name, event.target.value) });
    const remove = element("button", { class: "button button-small button-plain", type: "button", "aria-label": `Remove ${name}`, onclick: () => drop(name) }, "✕");
    const node = element("div", { class: "leg-row" }, side, ratio, element("span", {}, name), hedge, quote, price, remove);
    const row = { node, side, ratio, quote, hedge, price };
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

/** One leg at most is the hedge; its price starts at the mark, on the tick. */
function setHedge(name, isHedge) {
  const mark = market.tickers.get(name)?.mark_price;
  const instrument = page.instrument(name);
  if (isHedge && !(mark && instrument)) return;
  const price = isHedge ? roundToStep(mark, instrument.tick_size) : null;
  selection.set({ legs: selection.legs.map((leg) => ({ ...leg, is_hedge: leg.instrument_name === name ? isHedge : leg.is_hedge && !isHedge, price: leg.instrument_name === name ? price : leg.price })) });
}

function toggleHedge(name) {
  setHedge(name, !selection.legs.find((leg) => leg.instrument_name === name)?.is_hedge);
}

function setPrice(name, text) {
  const price = readTyped(text);
  if (price !== null) change(name, (leg) => ({ ...leg, price }));
}

function drop(name) {
  selection.set({ legs: selection.legs.filter((leg) => leg.instrument_name !== name) });
}
