/**
 * Structures: the hedge leg, the net price and the words for them. The hedge leg trades at a price that the taker fixed
 * and stays out of the net price.
 * @typedef {{instrument_name: string, side: "buy" | "sell", ratio: number, is_hedge?: boolean, price?: string | null}} Leg
 */

import { sumText } from "./decimal.js";
import { short, words } from "./format.js";

const TRADED = new Set(["hit", "lift"]);

/** Position of the hedge leg, or -1. @param {Leg[]} legs */
export function hedgeIndex(legs) {
  return legs.findIndex((leg) => leg.is_hedge);
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

/** What became of a quote, in words: traded, the FIX word for how it lost, or its state with the reason. */
export function outcomeText(quote) {
  if (TRADED.has(quote.outcome)) return quote.filled_quantity ? `traded ${short(quote.filled_quantity)}` : "traded";
  if (quote.outcome) return words(quote.outcome);
  return `${words(quote.state)}${quote.reason && quote.reason !== `rfq_${quote.state}` ? `: ${words(quote.reason)}` : ""}`;
}

/** Best of a side: the highest bid, the lowest ask. Quotes without that side are left out. */
export function bestQuote(quotes, field) {
  const sign = field === "bid" ? -1 : 1;
  const active = quotes.filter((quote) => quote.state === "active" && quote[field] !== null);
  return active.sort((a, b) => sign * (Number(a[field]) - Number(b[field])) || a.updated_at_ns - b.updated_at_ns)[0] ?? null;
}
