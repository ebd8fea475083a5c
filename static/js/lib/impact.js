/** What a request is worth to a maker and does to what it holds; for sorting and showing, money comes from the server. */

const URGENT_FLOOR_MS = 1000;

/**
 * Delta (coins) and vega (US dollars a point) of the whole request, if the taker buys it; null where a leg has none yet.
 * @param {object} rfq @param {(name: string) => object | undefined} tickers @param {(name: string) => object | undefined} terms
 */
export function greeksOf(rfq, tickers, terms) {
  let delta = 0;
  let vega = 0;
  for (const leg of rfq.legs) {
    const [ticker, instrument] = [tickers(leg.instrument_name), terms(leg.instrument_name)];
    if (!ticker || !instrument) return null;
    const units = (leg.side === "buy" ? 1 : -1) * leg.ratio * Number(rfq.quantity);
    delta += units * legDelta(instrument, ticker);
    vega += (units * instrument.contractSize * (ticker.vega ?? 0)) / 100;
  }
  return { delta, vega };
}

/** US dollars that half a spread of `points` of volatility earns on the legs' vegas. */
export function edgeOf(rfq, tickers, terms, points) {
  const vegas = rfq.legs.map((leg) => leg.ratio * (terms(leg.instrument_name)?.contractSize ?? 0) * (tickers(leg.instrument_name)?.vega ?? 0));
  return (vegas.reduce((sum, vega) => sum + vega, 0) / 100) * points * Number(rfq.quantity);
}

/** Edge for each second that is left: much to earn and little time comes first. */
export function urgencyOf(edgeUsd, leftMs) {
  return (1 + Math.abs(edgeUsd)) / Math.max(leftMs, URGENT_FLOOR_MS);
}

function legDelta(instrument, ticker) {
  if (instrument.kind === "option") return instrument.contractSize * (ticker.delta ?? 0);
  return instrument.is_inverse ? instrument.contractSize / (ticker.mark_price || Infinity) : instrument.contractSize;
}
