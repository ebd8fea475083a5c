/**
 * The server's clock, as this tab knows it. It runs on the browser's monotonic clock, so a browser whose wall clock is
 * wrong, or is moved, shows the same countdown as any other.
 */

const NS_PER_MS = 1e6;
let serverMsAtOrigin = Date.now() - performance.now();
let bestRoundTripMs = Infinity;
let isKnown = false;

/** Whether the server has said what time it is, ever: until then the browser's clock stands in. */
export function isServerTimeKnown() {
  return isKnown;
}

/**
 * Takes a reading of the server's clock; of several, the one with the shortest round trip counts.
 * @param {number} serverTimeNs
 * @param {number} roundTripMs
 */
export function learnServerTime(serverTimeNs, roundTripMs) {
  if (roundTripMs > bestRoundTripMs) return;
  bestRoundTripMs = roundTripMs;
  isKnown = true;
  serverMsAtOrigin = serverTimeNs / NS_PER_MS + roundTripMs / 2 - performance.now();
}

/** A new connection starts with no reading. */
export function forgetServerTime() {
  bestRoundTripMs = Infinity;
}

/** Milliseconds since the epoch by the server's clock. */
export function serverNowMs() {
  return serverMsAtOrigin + performance.now();
}

/** Milliseconds from now, by the server's clock, until a time in nanoseconds. */
export function msUntil(atNs) {
  return atNs / NS_PER_MS - serverNowMs();
}

/** How far the browser's wall clock is ahead of the server's, in milliseconds. */
export function browserAheadMs() {
  return Date.now() - serverNowMs();
}
