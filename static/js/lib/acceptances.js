/** What became of an acceptance at another venue's makers, in words; and the bound that a click carries. */

import { sumText } from "./decimal.js";
import * as format from "./format.js";
import { legText } from "./structure.js";

const NS_PER_SECOND = 1e9;
const DONE = { buy: "bought", sell: "sold" };
const DOING = { buy: "buying", sell: "selling" };
const QUOTES = { buy: "offer", sell: "bid" };
/** Reasons that say all by their name. */
const SAID = {
  canceled_before_sent: "it was canceled before it left",
  legs_incomplete: "not all of its legs reached the gateway",
  never_arrived: "it never arrived there",
  never_sent: "the gateway ended before it left",
  order_log_lost: "the log of orders for this venue was lost",
  too_many_requests: "too many requests were on their way",
  venue_not_ready: "the venue could not be asked",
};

/** The worst price that a click takes: `ticks` beyond the quote, against us. */
export function boundOf(side, price, tick, ticks) {
  if (!tick || !ticks) return price;
  return sumText([{ text: price, factor: 1 }, { text: tick, factor: side === "buy" ? ticks : -ticks }]);
}

/** @param {object} taken one of a request's acceptances @param {string} title the venue's */
export function acceptanceText(taken, title) {
  const bound = `bound ${format.exact(taken.price)}`;
  if (taken.state === "accepting") return `${DOING[taken.side]} at ${format.exact(taken.price)} or better, quoted ${format.exact(taken.quoted_price)}`;
  if (taken.state === "filled") return `${DONE[taken.side]}${taken.traded_price === null ? "" : ` at ${format.exact(taken.traded_price)}`}, ${bound}: ${taken.legs.map(tradedLeg).join("  ")}${tookText(taken)}`;
  if (taken.state === "uneven") return `some legs have traded and some have not: ask ${title} about routes ${taken.legs.map((leg) => leg.route_id).join(", ")}`;
  return `not ${DONE[taken.side]}: ${whyText(taken, title, bound)}${tookText(taken)}`;
}

function whyText(taken, title, bound) {
  const { reason, reason_value: value } = taken;
  const compared = value ? ` (${value}${taken.reason_bound ? `, bound ${taken.reason_bound}` : ""})` : "";
  if (reason === "no_crossing_quote") return value ? `the best ${QUOTES[taken.side]} was ${format.exact(value)} by then, ${bound}` : `no ${QUOTES[taken.side]} met it by then, ${bound}`;
  if (SAID[reason]) return SAID[reason];
  if (!taken.is_sent) return `our risk gate refused ${taken.reason_leg}: ${format.words(reason)}${compared}`;
  return `${title} refused: ${taken.reason_text || format.words(reason)}${compared}`;
}

function tradedLeg(leg) {
  return `${legText({ ...leg, ratio: format.exact(leg.quantity) })} at ${format.exact(leg.average_price)}`;
}

function tookText(taken) {
  return taken.ended_at_ns === null ? "" : `, in ${format.number((taken.ended_at_ns - taken.created_at_ns) / NS_PER_SECOND, 1)} s`;
}
