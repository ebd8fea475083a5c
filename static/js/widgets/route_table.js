/** The blotter of orders that left for other venues: state, fills, what the venue said, and how long it took. */

import { commands } from "../feeds/session.js";
import { serverNowMs } from "../lib/clock.js";
import * as format from "../lib/format.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { selection } from "../store/selection.js";
import { refusalWords } from "../store/refusals.js";
import { notify, refusalText } from "./notices.js";
import { titleOf } from "./ticket_venue.js";

/** What a venue has said that it works; a part of a split order is routed anew instead. */
const isAmendable = (route) => ["new", "partially_filled"].includes(route.state) && !route.split_id && !route.order_id;
const isOpen = (route) => OPEN_ORDER_STATES.has(route.state);
const left = { isLeft: true };
const number = (field) => ({ text: (route) => format.exact(route[field]), sort: (route) => Number(route[field]), raw: (route) => route[field] ?? "" });

function feesText(route) {
  return route.fees.map((fee) => `${format.amount(fee.amount)} ${fee.asset}`).join(" + ");
}

function partOf(route) {
  if (route.split_id) return `split ${route.split_id}`;
  return route.parent_order_id ? `parent ${route.parent_order_id}` : "";
}

function reasonText(route) {
  const words = route.reason_text && !route.reason.includes(route.reason_text) ? ` · ${route.reason_text}` : "";
  return `${refusalWords(route)}${words}`;
}

async function cancel(message, what) {
  const answer = await commands.send(message);
  if (answer.type === "command_refused") notify(`${what} not canceled. ${refusalText(answer)}`, "bad");
}

function actions(route) {
  if (!isOpen(route) || route.is_cancel_requested) return false;
  const one = { title: "Cancel", label: `Cancel route ${route.route_id}`, run: () => cancel({ type: "route.cancel", route_id: route.route_id }, `Route ${route.route_id}`) };
  if (isAmendable(route)) return [one, { title: "✎", label: `Amend route ${route.route_id}`, run: () => selection.amend(route) }];
  if (firm.splits.get(route.split_id)?.state !== "working") return one;
  return [one, { title: "All parts", label: `Cancel split order ${route.split_id}`, run: () => cancel({ type: "route.cancel_split", split_id: route.split_id }, `Split order ${route.split_id}`) }];
}

export const ROUTES = {
  title: "Routes",
  rows: () => [...firm.routes.values()],
  key: (route) => route.route_id,
  count: () => [...firm.routes.values()].filter(isOpen).length,
  sorted: ["time", "descending"],
  columns: [
    { id: "id", title: "Route", text: (route) => String(route.route_id), sort: (route) => route.route_id },
    { id: "time", title: "Time (UTC)", text: (route) => format.instant(route.created_at_ns, serverNowMs()), sort: (route) => route.created_at_ns, raw: (route) => format.dateTime(route.created_at_ns), ...left },
    { id: "venue", title: "Venue", text: (route) => titleOf(route.venue), ...left },
    { id: "instrument", title: "Instrument", text: (route) => route.instrument_name, ...left },
    { id: "side", title: "Side", text: (route) => route.side, className: (route) => route.side, ...left },
    { id: "quantity", title: "Size", ...number("quantity") },
    { id: "price", title: "Price", text: (route) => (route.price === null ? "market" : format.exact(route.price)), sort: (route) => Number(route.price), raw: (route) => route.price ?? "market" },
    { id: "state", title: "State", text: (route) => (route.state === "unknown" ? "unknown, checking" : format.words(route.state)), isState: true, ...left },
    { id: "filled", title: "Filled", ...number("filled_quantity") },
    { id: "latency", title: "Latency ms", text: (route) => (route.latency_ms === null ? format.NOTHING : format.number(route.latency_ms, 1)), sort: (route) => route.latency_ms ?? Infinity },
    { id: "average", title: "Avg price", ...number("average_price") },
    { id: "fees", title: "Fees", text: feesText },
    { id: "part", title: "Part of", text: partOf, className: () => "muted", ...left },
    { id: "reason", title: "Reason", text: reasonText, className: (route) => (route.state === "rejected" ? "danger-text" : "muted"), ...left },
    { id: "venue_id", title: "There", text: (route) => route.venue_order_id || (route.order_id ? `order ${route.order_id}` : ""), className: () => "muted", ...left },
  ],
  action: actions,
};
