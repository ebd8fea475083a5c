/** Model value of an instrument for prefilled quotes: the fitted surface where there is one, else the mark. */

import { black76, impliedVolatility, surfaceVolatility } from "./pricing.js";
import { roundToStep } from "./decimal.js";

const YEAR_NS = 365 * 86_400e9;

/**
 * Value in the instrument's own convention, with the volatility and the source that gave it; null where nothing is known.
 * @param {object} instrument @param {object | undefined} ticker @param {object | undefined} surface
 */
export function modelValue(instrument, ticker, surface) {
  const slice = surface?.slices.find((one) => one.underlying_name === instrument.name.split("-").slice(0, 2).join("-"));
  const forward = ticker?.forward_price;
  if (instrument.kind !== "option" || !slice || !forward) return fromMark(ticker);
  const volatility = surfaceVolatility(slice, instrument.strikeNumber);
  const usd = black76(forward, instrument.strikeNumber, slice.years, volatility, instrument.isCall);
  return Number.isFinite(usd) ? { value: instrument.is_inverse ? usd / forward : usd, volatility, source: "surface" } : fromMark(ticker);
}

function fromMark(ticker) {
  const value = ticker?.mark_price;
  return value ? { value, volatility: ticker.mark_volatility ?? null, source: "mark" } : null;
}

/** Price of an option at a volatility, in its own convention, at the forward and the market time of the ticker; or null. */
export function optionPrice(volatility, instrument, ticker) {
  const years = yearsLeft(instrument, ticker);
  if (years === null) return null;
  const usd = black76(ticker.forward_price, instrument.strikeNumber, years, volatility, instrument.isCall);
  return instrument.is_inverse ? usd / ticker.forward_price : usd;
}

/** Volatility that makes a price, or null where none does. */
export function optionVolatility(price, instrument, ticker) {
  const years = yearsLeft(instrument, ticker);
  if (years === null) return null;
  const usd = instrument.is_inverse ? price * ticker.forward_price : price;
  return impliedVolatility(usd, ticker.forward_price, instrument.strikeNumber, years, instrument.isCall);
}

function yearsLeft(instrument, ticker) {
  const left = (instrument.expiry_at_ns - (ticker?.market_time_ns ?? Infinity)) / YEAR_NS;
  return left > 0 && ticker.forward_price ? left : null;
}

/**
 * Bid and ask `points` of volatility below and above the model, by the vega of the ticker; without one, by a tick.
 * @param {{value: number}} model @param {object} ticker @param {number} points
 */
export function quoteByVega(model, ticker, points, instrument) {
  const usd = ((ticker?.vega ?? 0) / 100) * points;
  const half = instrument.is_inverse ? usd / (ticker?.forward_price || Infinity) : usd;
  return quoteAround(model.value, (2 * half) / model.value, instrument);
}

/**
 * Bid and ask around a model value: half the spread each way, never inside one tick, never at or below zero.
 * @param {number} spreadShare of the value, for instance 0.02
 */
export function quoteAround(value, spreadShare, instrument) {
  const half = (value * spreadShare) / 2;
  const tick = Number(instrument.tick_size);
  const bid = roundToStep(Math.max(value - half, tick), instrument.tick_size, -1);
  const ask = roundToStep(Math.max(value + half, Number(bid) + tick), instrument.tick_size, 1);
  return { bid, ask };
}
