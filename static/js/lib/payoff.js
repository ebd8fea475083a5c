/**
 * Profit of a structure in USD as a function of the price of the underlying, at expiry and now.
 * A leg: {kind, isCall, strike, quantity (signed, in coins), entryUsd, years, volatility}.
 * @typedef {{kind: string, isCall: boolean, strike: number, quantity: number, entryUsd: number, years: number,
 *   volatility: number}} PayoffLeg
 */

import { black76 } from "./pricing.js";

const EDGE = 1e-9;

/** @param {PayoffLeg} leg */
function legValue(leg, price, yearsGone) {
  if (leg.kind !== "option") return price;
  const years = Math.max(leg.years - yearsGone, 0);
  return black76(price, leg.strike, years, leg.volatility, leg.isCall);
}

/** @param {PayoffLeg[]} legs @param {number} price @param {number} yearsGone */
export function profitAt(legs, price, yearsGone) {
  return legs.reduce((sum, leg) => sum + leg.quantity * (legValue(leg, price, yearsGone) - leg.entryUsd), 0);
}

/** Years until the first expiry of the structure: the instant for which "at expiry" is drawn. */
export function firstExpiryYears(legs) {
  const years = legs.filter((leg) => leg.kind === "option").map((leg) => leg.years);
  return years.length ? Math.min(...years) : 0;
}

/** Slope of the profit above all strikes: what decides whether profit or loss is unlimited. */
function slopeAbove(legs) {
  return legs.reduce((sum, leg) => sum + (leg.kind !== "option" || leg.isCall ? leg.quantity : 0), 0);
}

/**
 * Extremes and breakevens at the first expiry, on the knots of the piecewise-linear payoff (exact where all legs
 * expire together) or on a fine grid (calendars).
 */
export function describePayoff(legs, spot) {
  const horizon = firstExpiryYears(legs);
  const strikes = legs.filter((leg) => leg.kind === "option").map((leg) => leg.strike);
  const isCalendar = legs.some((leg) => leg.kind === "option" && leg.years - horizon > 1e-6);
  const top = Math.max(spot, ...strikes) * (isCalendar ? 3 : 2);
  const knots = isCalendar ? evenGrid(0, top, 1500) : [0, ...strikes, top].sort((a, b) => a - b);
  const points = knots.map((price) => [price, profitAt(legs, price, horizon)]);
  const values = points.map((point) => point[1]);
  const slope = slopeAbove(legs);
  return {
    profitMax: slope > EDGE ? Infinity : Math.max(...values),
    lossMax: slope < -EDGE ? -Infinity : Math.min(...values),
    breakevens: crossings(points, slope),
    isCalendar,
  };
}

function crossings(points, slope) {
  const found = [];
  for (let i = 1; i < points.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    if (y0 === 0 && i > 1) found.push(x0);
    if (y0 * y1 < 0) found.push(x0 + ((x1 - x0) * -y0) / (y1 - y0));
  }
  const [x, y] = points[points.length - 1];
  if (Math.abs(slope) > EDGE && y * slope < 0) found.push(x - y / slope);
  return [...new Set(found.map((price) => Math.round(price * 100) / 100))];
}

export function evenGrid(low, high, count) {
  return Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
}
