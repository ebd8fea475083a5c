/** Expiries of a coin that have options, nearest first. */
export function listExpiries(page, coin) {
  const found = new Map();
  for (const option of page.list(coin, (instrument) => instrument.kind === "option" && instrument.isListed)) {
    found.set(option.expiryCode, option.expiry_at_ns);
  }
  return [...found].map(([code, atNs]) => ({ code, atNs })).sort((a, b) => a.atNs - b.atNs);
}
