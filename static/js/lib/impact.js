/** What a request is worth to a maker; for sorting and showing, money comes from the server. */

const URGENT_FLOOR_MS = 1000;

/** US dollars that half a spread of `points` of volatility earns on the legs' vegas. */
export function edgeOf(rfq, tickers, terms, points) {
  const vegas = rfq.legs.map((leg) => leg.ratio * (terms(leg.instrument_name)?.contractSize ?? 0) * (tickers(leg.instrument_name)?.vega ?? 0));
  return (vegas.reduce((sum, vega) => sum + vega, 0) / 100) * points * Number(rfq.quantity);
}

/** Edge for each second that is left: much to earn and little time comes first. */
export function urgencyOf(edgeUsd, leftMs) {
  return (1 + Math.abs(edgeUsd)) / Math.max(leftMs, URGENT_FLOOR_MS);
}
