/**
 * Structures: the hedge leg, the net price and the words for them. The rule is the server's: beside options one future
 * or perpetual is a hedge leg, which trades at its own price and stays out of the net price.
 * @typedef {{instrument_name: string, side: "buy" | "sell", ratio: number}} Leg
 */

import { sumText } from "./decimal.js";

/** Position of the hedge leg, or -1. @param {Leg[]} legs @param {(name: string) => object | undefined} terms */
export function hedgeIndex(legs, terms) {
  const kinds = legs.map((leg) => terms(leg.instrument_name)?.kind);
  if (!kinds.includes("option")) return -1;
  return kinds.findIndex((kind) => kind === "future" || kind === "perpetual");
}

/** Exact net price of one unit from price texts, or null where one is missing. */
export function netPrice(legs, prices, hedge) {
  const parts = legs
    .map((leg, i) => ({ text: prices[i], factor: leg.side === "buy" ? leg.ratio : -leg.ratio, i }))
    .filter(({ i }) => i !== hedge);
  return parts.some(({ text }) => text === null || text === undefined || text === "") ? null : sumText(parts);
}

/** `+1 BTC-27MAR26-80000-C` for each leg. */
export function legText(leg) {
  return `${leg.side === "buy" ? "+" : "−"}${leg.ratio} ${leg.instrument_name}`;
}

export function legsText(legs) {
  return legs.map(legText).join("  ");
}

/** Best of a side: the highest bid, the lowest ask. Quotes without that side are left out. */
export function bestQuote(quotes, field) {
  const sign = field === "bid" ? -1 : 1;
  const active = quotes.filter((quote) => quote.state === "active" && quote[field] !== null);
  return active.sort((a, b) => sign * (Number(a[field]) - Number(b[field])) || a.updated_at_ns - b.updated_at_ns)[0] ?? null;
}
