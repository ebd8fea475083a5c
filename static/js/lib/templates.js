/**
 * Structures by name, around the strike next to the forward. A leg: [type, strikes away from it, signed ratio, expiries
 * after the one shown].
 */

export const TEMPLATES = {
  Straddle: [["call", 0, 1], ["put", 0, 1]],
  Strangle: [["put", -2, 1], ["call", 2, 1]],
  "Risk reversal": [["put", -2, -1], ["call", 2, 1]],
  "Call spread": [["call", 0, 1], ["call", 2, -1]],
  "Put spread": [["put", 0, 1], ["put", -2, -1]],
  "Call ratio spread": [["call", 0, 1], ["call", 2, -2]],
  Butterfly: [["call", -2, 1], ["call", 0, -2], ["call", 2, 1]],
  "Iron butterfly": [["put", -2, 1], ["put", 0, -1], ["call", 0, -1], ["call", 2, 1]],
  Condor: [["call", -2, 1], ["call", -1, -1], ["call", 1, -1], ["call", 2, 1]],
  "Iron condor": [["put", -2, 1], ["put", -1, -1], ["call", 1, -1], ["call", 2, 1]],
  Calendar: [["call", 0, -1], ["call", 0, 1, 1]],
  Diagonal: [["call", 0, -1], ["call", 1, 1, 1]],
  Box: [["call", -1, 1], ["put", -1, -1], ["call", 1, -1], ["put", 1, 1]],
};

/**
 * The legs of a template, or null where a strike or an expiry is not listed.
 * @param {[string, number, number, number?][]} template
 * @param {object[][]} chains listed options of one settlement by expiry, the shown expiry first
 * @param {number} forward
 */
export function legsOf(template, chains, forward) {
  const strikes = chains.length ? [...new Set(chains[0].map((one) => one.strikeNumber))].sort((a, b) => a - b) : [];
  const middle = strikes.indexOf(nearest(strikes, forward));
  const legs = template.map(([type, away, ratio, later = 0]) => {
    const found = chains[later]?.find((one) => one.strikeNumber === strikes[middle + away] && one.option_type === type);
    return found ? { instrument_name: found.name, side: ratio > 0 ? "buy" : "sell", ratio: Math.abs(ratio) } : null;
  });
  return legs.includes(null) ? null : legs;
}

function nearest(strikes, forward) {
  return strikes.reduce((best, strike) => (Math.abs(strike - forward) < Math.abs(best - forward) ? strike : best), strikes[0]);
}
