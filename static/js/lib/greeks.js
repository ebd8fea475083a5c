/** Greeks of a structure from the tickers' own, for a glance while it is built; what is sent is judged by the server. */

/** Legs whose vegas all but add up are one bet on volatility; of a spread, a mean by vega says nothing. */
const ONE_WAY_SHARE = 0.98;
const NAMES = ["delta", "gamma", "vega", "theta"];

/**
 * Sums over the legs, of `units` of the structure; null where an option has no Greeks yet. Delta and gamma in coins,
 * vega in USD per volatility point, theta in USD a day. volatility: by vega, null where vegas are
 * against each other.
 * @param {object[]} legs @param {(name: string) => object} terms @param {(name: string) => object} ticker
 */
export function structureGreeks(legs, terms, ticker, units) {
  const sums = { delta: 0, gamma: 0, vega: 0, theta: 0 };
  let weighted = 0;
  let gross = 0;
  for (const leg of legs) {
    const one = legGreeks(terms(leg.instrument_name), ticker(leg.instrument_name));
    if (one === null) return null;
    const count = (leg.side === "buy" ? 1 : -1) * leg.ratio * units;
    for (const name of NAMES) sums[name] += count * one[name];
    weighted += count * one.vega * one.volatility;
    gross += Math.abs(count * one.vega);
  }
  const isOneWay = gross > 0 && Math.abs(sums.vega) > gross * ONE_WAY_SHARE;
  return { ...sums, volatility: isOneWay ? weighted / sums.vega : null };
}

function legGreeks(instrument, ticker) {
  if (!instrument || !ticker?.mark_price) return null;
  if (instrument.kind !== "option") {
    const delta = instrument.is_inverse ? instrument.contractSize / ticker.mark_price : instrument.contractSize;
    return { delta, gamma: 0, vega: 0, theta: 0, volatility: 0 };
  }
  if (ticker.delta === undefined || ticker.vega === undefined) return null;
  const { delta, gamma = 0, vega, theta = 0, mark_volatility: volatility = 0 } = ticker;
  return { delta, gamma, vega: vega / 100, theta, volatility };
}
