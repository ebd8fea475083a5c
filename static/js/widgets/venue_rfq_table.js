/** The blotter of requests to the makers of other venues: their best quotes, and what was traded. */

import { commands } from "../feeds/session.js";
import { msUntil, serverNowMs } from "../lib/clock.js";
import * as format from "../lib/format.js";
import { legsText } from "../lib/structure.js";
import { firm } from "../store/firm.js";
import { refusalWords } from "../store/refusals.js";
import { notify, refusalText } from "./notices.js";
import { titleOf } from "./ticket_venue.js";

const LOCK_MS = 3000;
const WAYS = [
  { field: "bids", side: "sell", verb: "Sell" },
  { field: "asks", side: "buy", verb: "Buy" },
];
const left = { isLeft: true };
const lockedUntil = new Map();
const isLive = (rfq) => ["pending", "unknown", "open"].includes(rfq.state);
const legsOf = (rfq) => legsText(rfq.legs);

/** The best quote of the makers and who made it; its price alone where the venue names nobody. */
function bestText(quotes) {
  const [best] = quotes;
  if (!best) return "";
  return `${format.exact(best.price)}${best.makers.length ? ` ${best.makers.join(", ")}` : ""}`;
}

const best = (field) => ({
  text: (rfq) => bestText(rfq[field]),
  sort: (rfq) => Number(rfq[field][0]?.price ?? NaN),
  raw: (rfq) => rfq[field].map((quote) => `${quote.price} x ${quote.quantity} ${quote.makers.join("+")}`).join("; "),
});

function stateText(rfq) {
  if (rfq.is_accepting) return "accepting";
  if (rfq.state === "unknown") return "unknown, checking";
  return rfq.state === "open" && !rfq.bids.length && !rfq.asks.length ? "open, no quote yet" : format.words(rfq.state);
}

function outcomeText(rfq) {
  if (rfq.traded_price !== null) return `${rfq.accepted_side} at ${rfq.traded_price}`;
  return rfq.accepted_price === null ? "" : `${rfq.accepted_side} at ${rfq.accepted_price} or better`;
}

async function send(rfq, message, what) {
  const answer = await commands.send({ venue_rfq_id: rfq.venue_rfq_id, ...message });
  if (answer.type === "command_refused") notify(`${what} at ${titleOf(rfq.venue)}: ${refusalText(answer)}`, "bad");
}

/** A click takes what the button states: its price is the worst that is paid. */
function take(rfq, { side, verb }, price) {
  if (performance.now() < (lockedUntil.get(rfq.venue_rfq_id) ?? 0)) return;
  lockedUntil.set(rfq.venue_rfq_id, performance.now() + LOCK_MS);
  send(rfq, { type: "venue_rfq.accept", side, price }, `${verb} request ${rfq.venue_rfq_id}`);
}

function takeAction(rfq, way) {
  const [quote] = rfq[way.field];
  if (!quote) return [];
  const said = `${way.verb} ${rfq.quantity} × ${legsOf(rfq)} at ${quote.price} or better at ${titleOf(rfq.venue)}`;
  return [{ title: `${way.verb} ${format.exact(quote.price)}`, label: said, run: () => take(rfq, way, quote.price) }];
}

function actions(rfq) {
  if (!isLive(rfq) || rfq.is_accepting) return false;
  const cancel = { title: "Cancel", label: `Cancel request ${rfq.venue_rfq_id} at ${titleOf(rfq.venue)}`, run: () => send(rfq, { type: "venue_rfq.cancel" }, "Cancel") };
  return rfq.state === "open" ? [...WAYS.flatMap((way) => takeAction(rfq, way)), cancel] : [cancel];
}

export const VENUE_RFQS = {
  title: "Venue RFQs",
  rows: () => [...firm.venue_rfqs.values()],
  key: (rfq) => rfq.venue_rfq_id,
  count: () => [...firm.venue_rfqs.values()].filter(isLive).length,
  sorted: ["time", "descending"],
  columns: [
    { id: "id", title: "Request", text: (rfq) => String(rfq.venue_rfq_id), sort: (rfq) => rfq.venue_rfq_id },
    { id: "time", title: "Time (UTC)", text: (rfq) => format.instant(rfq.created_at_ns, serverNowMs()), sort: (rfq) => rfq.created_at_ns, raw: (rfq) => format.dateTime(rfq.created_at_ns), ...left },
    { id: "venue", title: "Venue", text: (rfq) => titleOf(rfq.venue), ...left },
    { id: "legs", title: "Legs", text: legsOf, ...left },
    { id: "quantity", title: "Size", text: (rfq) => format.exact(rfq.quantity), sort: (rfq) => Number(rfq.quantity), raw: (rfq) => rfq.quantity },
    { id: "state", title: "State", text: stateText, isState: true, ...left },
    { id: "bid", title: "You sell at", ...best("bids") },
    { id: "ask", title: "You buy at", ...best("asks") },
    { id: "left", title: "Left", text: (rfq) => (rfq.state === "open" && rfq.expires_at_ns ? format.countdown(msUntil(rfq.expires_at_ns)) : ""), sort: (rfq) => rfq.expires_at_ns ?? 0 },
    { id: "outcome", title: "Taken", text: outcomeText, ...left },
    { id: "routes", title: "Routes", text: (rfq) => rfq.route_ids.join(", "), ...left },
    { id: "reason", title: "Reason", text: refusalWords, className: () => "muted", ...left },
  ],
  action: actions,
};
