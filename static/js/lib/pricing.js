/**
 * Option mathematics for pictures and prefilled fields; money comes from the server. Black-76 on the forward,
 * undiscounted, USD per coin. Raw SVI: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)).
 */

/** Cumulative normal distribution; Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
export function normalCdf(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = Math.exp((-x * x) / 2) * 0.3989422804014327 * poly;
  return x >= 0 ? 1 - tail : tail;
}

export function black76(forward, strike, years, volatility, isCall) {
  const intrinsic = Math.max(isCall ? forward - strike : strike - forward, 0);
  const deviation = volatility * Math.sqrt(years);
  if (!(deviation > 0)) return intrinsic;
  const d1 = Math.log(forward / strike) / deviation + deviation / 2;
  const sign = isCall ? 1 : -1;
  return sign * (forward * normalCdf(sign * d1) - strike * normalCdf(sign * (d1 - deviation)));
}

const VOLATILITY_MAX = 10;
const HALVINGS = 60;

/** Volatility at which Black-76 makes `usd`, by halving; null where it is below the intrinsic value or above 1,000 %. */
export function impliedVolatility(usd, forward, strike, years, isCall) {
  let [low, high] = [0, VOLATILITY_MAX];
  if (!(usd > black76(forward, strike, years, low, isCall)) || usd >= black76(forward, strike, years, high, isCall)) return null;
  for (let i = 0; i < HALVINGS; i += 1) {
    const middle = (low + high) / 2;
    if (black76(forward, strike, years, middle, isCall) < usd) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Volatility of a fitted slice at a strike, or NaN. */
export function surfaceVolatility(slice, strike) {
  const k = Math.log(strike / slice.forward_price) - slice.m;
  const variance = slice.a + slice.b * (slice.rho * k + Math.sqrt(k * k + slice.sigma * slice.sigma));
  return Math.sqrt(variance / slice.years);
}
