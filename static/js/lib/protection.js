/** What a market-maker protection holds at an instant, in words; the server decides. */

import { msUntil, serverNowMs } from "./clock.js";
import * as format from "./format.js";

const NS_PER_MS = 1e6;
const LIMITS = [
  { name: "quantity", title: "quantity", of: "quantity_max", decimals: 1 },
  { name: "delta", title: "delta", of: "delta_max", decimals: 2 },
  { name: "vega", title: "vega", of: "vega_max", decimals: 0 },
];

/** off, armed or frozen. @param {object | undefined} view */
export function protectionState(view) {
  if (view?.frozen_at_ns) return "frozen";
  return view?.interval_ms ? "armed" : "off";
}

/** Since when, by which limit and until when; of one that is armed what its window holds of each limit. */
export function protectionText(view) {
  const state = protectionState(view);
  if (state === "off") return "no limit is set";
  if (state === "armed") return `In ${view.interval_ms / 1000} s: ${usageText(view)}`;
  const end = view.frozen_until_ns ? `thaws in ${format.countdown(msUntil(view.frozen_until_ns))}` : "until it is reset";
  return `Hit ${format.words(view.hit)} at ${format.timeOfDay(view.frozen_at_ns)}, ${end}`;
}

/** What the fills of the window add up to, beside each limit that is set. */
function usageText(view) {
  const since = (serverNowMs() - view.interval_ms) * NS_PER_MS;
  const fills = view.fills.filter((fill) => fill.is_pending || fill.at_ns > since);
  const sums = LIMITS.filter(({ of }) => view[of] !== null).map(({ name, title, of, decimals }) => {
    const used = Math.abs(fills.reduce((sum, fill) => sum + Number(fill[name]), 0));
    return `${title} ${format.number(used, decimals)} of ${format.short(view[of])}`;
  });
  return [...sums, `fills ${fills.length} of ${view.trade_count_max}`].join(" · ");
}
