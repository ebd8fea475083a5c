/** The blotter of requests to the makers of other venues: their best quotes, and below each what became of every click. */

import { commands } from "../feeds/session.js";
import { acceptanceText, boundOf } from "../lib/acceptances.js";
import { msUntil, serverNowMs } from "../lib/clock.js";
import { element } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { legsText } from "../lib/structure.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalWords } from "../store/refusals.js";
import { notify, refusalText } from "./notices.js";
import { titleOf } from "./ticket_venue.js";

const LOCK_MS = 3000;
const WAYS = [
  { field: "bids", side: "sell", verb: "Sell", sign: "≥" },
  { field: "asks", side: "buy", verb: "Buy", sign: "≤" },
];
const SLIPPAGES = [0, 1, 2, 5, 10];
const left = { isLeft: true };
const lockedUntil = new Map();
/** Ticks beyond the quote that a click may trade at. */
let slippage = 0;
const isLive = (rfq) => ["pending", "unknown", "open"].includes(rfq.state);

/** A request, and each acceptance of it as a row of its own. */
function rowsOf(rfq) {
  const taken = rfq.acceptances.map((each) => ({ rfq, taken: each, state: each.state, created_at_ns: each.created_at_ns }));
  return [{ rfq, taken: null, state: rfq.state, created_at_ns: rfq.created_at_ns }, ...taken];
}

/** Of requests alone. */
const own = (text) => (row) => (row.taken ? "" : text(row.rfq));

/** The best quote of the makers and who made it; its price alone where the venue names nobody. */
function bestText(quotes) {
  const [best] = quotes;
  if (!best) return "";
  return `${format.exact(best.price)}${best.makers.length ? ` ${best.makers.join(", ")}` : ""}`;
}

const best = (field) => ({
  text: own((rfq) => bestText(rfq[field])),
  sort: ({ rfq, taken }) => Number((taken ? null : rfq[field][0]?.price) ?? NaN),
  raw: own((rfq) => rfq[field].map((quote) => `${quote.price} x ${quote.quantity} ${quote.makers.join("+")}`).join("; ")),
});

function stateText({ rfq, taken }) {
  if (taken) return format.words(taken.state);
  if (rfq.state === "unknown") return "unknown, checking";
  return rfq.state === "open" && !rfq.bids.length && !rfq.asks.length ? "open, no quote yet" : format.words(rfq.state);
}

function outcomeText({ rfq, taken }) {
  if (taken) return acceptanceText(taken, titleOf(rfq.venue));
  return rfq.traded_price === null ? refusalWords(rfq) : `${rfq.accepted_side} at ${rfq.traded_price}`;
}

async function send(rfq, message, what) {
  const answer = await commands.send({ venue_rfq_id: rfq.venue_rfq_id, ...message });
  if (answer.type === "command_refused") notify(`${what} at ${titleOf(rfq.venue)}: ${refusalText(answer)}`, "bad");
  return answer.type !== "command_refused";
}

/** A click takes what the button states: its bound is the worst that is paid. */
async function take(rfq, { side, verb }, price) {
  if (performance.now() < (lockedUntil.get(rfq.venue_rfq_id) ?? 0)) return;
  lockedUntil.set(rfq.venue_rfq_id, performance.now() + LOCK_MS);
  const last = rfq.acceptances.at(-1)?.number ?? 0;
  const isSent = await send(rfq, { type: "venue_rfq.accept", side, price }, `${verb} request ${rfq.venue_rfq_id}`);
  if (isSent) tellEnd(rfq, last + 1);
}

/** Says once, wherever the trader looks by then, what became of it. */
function tellEnd({ venue_rfq_id, venue }, number) {
  const look = () => {
    const taken = firm.venue_rfqs.get(venue_rfq_id)?.acceptances.find((each) => each.number === number);
    if (!taken || taken.state === "accepting") return;
    stop();
    notify(`Request ${venue_rfq_id} at ${titleOf(venue)}: ${acceptanceText(taken, titleOf(venue))}.`, taken.state === "filled" ? "good" : "bad");
  };
  const stop = firm.on("venue_rfqs", look);
  look();
}

function takeAction(rfq, way) {
  const [quote] = rfq[way.field];
  if (!quote) return [];
  const bound = boundOf(way.side, quote.price, page.coarsest(rfq.legs, "tick_size"), slippage);
  const beyond = bound === quote.price ? "" : ` ${way.sign} ${format.exact(bound)}`;
  const quoted = beyond ? `, quoted ${quote.price},` : "";
  const said = `${way.verb} ${rfq.quantity} × ${legsText(rfq.legs)}${quoted} at ${bound} or better at ${titleOf(rfq.venue)}`;
  return [{ title: `${way.verb} ${format.exact(quote.price)}${beyond}`, label: said, run: () => take(rfq, way, bound) }];
}

function actions({ rfq, taken }) {
  if (taken || !isLive(rfq) || rfq.is_accepting) return false;
  const cancel = { title: "Cancel", label: `Cancel request ${rfq.venue_rfq_id} at ${titleOf(rfq.venue)}`, run: () => send(rfq, { type: "venue_rfq.cancel" }, "Cancel") };
  return rfq.state === "open" ? [...WAYS.flatMap((way) => takeAction(rfq, way)), cancel] : [cancel];
}

/** @param {() => void} changed */
function slippageChoice(changed) {
  const words = (ticks) => (ticks ? `Slippage ${ticks} tick${ticks > 1 ? "s" : ""}` : "No slippage");
  const node = element("select", { class: "input", "aria-label": "Slippage of a click" }, ...SLIPPAGES.map((ticks) => element("option", { value: ticks }, words(ticks))));
  node.value = String(slippage);
  node.addEventListener("change", () => {
    slippage = Number(node.value);
    changed();
  });
  return [node];
}

export const VENUE_RFQS = {
  title: "Venue RFQs",
  rows: () => [...firm.venue_rfqs.values()].flatMap(rowsOf),
  key: ({ rfq, taken }) => `${rfq.venue_rfq_id}.${taken?.number ?? 0}`,
  count: () => [...firm.venue_rfqs.values()].filter(isLive).length,
  sorted: ["time", "descending"],
  tools: slippageChoice,
  columns: [
    { id: "id", title: "Request", text: ({ rfq, taken }) => `${rfq.venue_rfq_id}${taken ? ` · ${taken.number}` : ""}`, sort: ({ rfq }) => rfq.venue_rfq_id, ...left },
    { id: "time", title: "Time (UTC)", text: (row) => format.instant(row.created_at_ns, serverNowMs()), sort: (row) => row.created_at_ns, raw: (row) => format.dateTime(row.created_at_ns), ...left },
    { id: "state", title: "State", text: stateText, isState: true, ...left },
    { id: "outcome", title: "What became of it", text: outcomeText, ...left },
    { id: "bid", title: "You sell at", ...best("bids") },
    { id: "ask", title: "You buy at", ...best("asks") },
    { id: "left", title: "Left", text: own((rfq) => (rfq.state === "open" && rfq.expires_at_ns ? format.countdown(msUntil(rfq.expires_at_ns)) : "")), sort: ({ rfq }) => rfq.expires_at_ns ?? 0 },
    { id: "quantity", title: "Size", text: ({ rfq }) => format.exact(rfq.quantity), sort: ({ rfq }) => Number(rfq.quantity), raw: ({ rfq }) => rfq.quantity },
    { id: "legs", title: "Legs", text: ({ rfq }) => legsText(rfq.legs), ...left },
    { id: "venue", title: "Venue", text: ({ rfq }) => titleOf(rfq.venue), ...left },
    { id: "routes", title: "Routes", text: ({ taken }) => (taken ? taken.legs.map((leg) => leg.route_id).join(", ") : ""), ...left },
  ],
  action: actions,
};
