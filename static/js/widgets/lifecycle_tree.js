/** Routes and orders of one root, newest first, each with its fills, its latency and, in words, why it was refused. */

import { arrange, element } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { refusalWords } from "../store/refusals.js";
import { roleOf } from "./parent_bracket.js";
import { priceText } from "./price_text.js";
import { titleOf } from "./ticket_venue.js";

const HEADS = ["What", "Time (UTC)", "Venue", "Size", "Price", "State", "Filled", "Latency ms", "Reason"];
const FIGURES = new Set([3, 4, 6, 7]);

export class LifecycleTree {
  constructor() {
    this.rows = element("tbody");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: FIGURES.has(i) ? null : "left" }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Routes, orders and fills"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.node = element("div", { class: "tree", tabindex: 0, role: "region", "aria-label": "Routes, orders and fills" }, table);
  }

  /** @param {{routes: Map, orders: Map, fills: object[]}} members @param {Record<string, number>} latencies by order */
  draw({ routes, orders, fills }, latencies) {
    const named = new Set([...routes.values()].map((route) => route.order_id));
    const own = [...orders.values()].filter((order) => !named.has(order.order_id));
    const nodes = [...[...routes.values()].map((route) => ({ at: route.created_at_ns, make: () => ofRoute(route, orders, fills, latencies) })), ...own.map((order) => ({ at: order.created_at_ns, make: () => ofOrder(order, fills, latencies, 0) }))];
    arrange(this.rows, nodes.sort((a, b) => b.at - a.at).flatMap((node) => node.make()));
  }
}

function ofRoute(route, orders, fills, latencies) {
  const order = orders.get(route.order_id);
  const under = order ? ofOrder(order, fills, latencies, 1) : [];
  const away = fills.filter((fill) => fill.route_id === route.route_id).map((fill) => fillRow(fill, route, 1));
  const title = `Route ${route.route_id}`;
  return [row({ title, level: 0, view: route, venue: titleOf(route.venue), latency: route.latency_ms, data: { "data-route": route.route_id } }), ...under, ...away];
}

function ofOrder(order, fills, latencies, level) {
  const own = fills.filter((fill) => fill.order_id === order.order_id).map((fill) => fillRow(fill, order, level + 1));
  const title = order.origin === "algo" ? `Child ${order.client_order_id} ${roleOf(order)}` : `Order ${order.order_id}`;
  return [row({ title, level, view: order, venue: titleOf("parley"), latency: latencies[order.order_id], data: { "data-child": order.client_order_id || order.order_id } }), ...own];
}

function row({ title, level, view, venue, latency, data }) {
  const price = view.price === null ? (view.order_type === "peg" ? "peg" : "market") : priceText(view.instrument_name, view.price);
  const state = view.state === "unknown" ? "unknown, checking" : format.words(view.state);
  const took = latency === null || latency === undefined ? format.NOTHING : format.number(latency, 1);
  const texts = [title, format.dateTime(view.created_at_ns), venue, format.exact(view.quantity), price, state, format.exact(view.filled_quantity), took, reasonText(view)];
  return element("tr", { ...data, "data-level": level }, ...texts.map((text, i) => cell(text, i, view)));
}

function cell(text, i, view) {
  const classes = [FIGURES.has(i) ? "" : "left", i === 5 ? "state" : "", i === 8 ? "wrap" : "", i === 8 && view.state === "rejected" ? "danger-text" : ""];
  return element("td", { class: classes.filter(Boolean).join(" ") || null, "data-state": i === 5 ? view.state : null }, text || " ");
}

/** What was traded there; a bust is on the other side. */
function fillRow(fill, of, level) {
  const title = `Fill ${fill.execution_id}${fill.side === of.side ? "" : " taken back"}`;
  const fee = Number(fill.fee) ? `fee ${format.amount(fill.fee)} ${fill.fee_asset}` : "";
  const texts = [title, format.dateTime(fill.at_ns), fill.venue ? titleOf(fill.venue) : titleOf("parley"), format.exact(fill.quantity), priceText(fill.instrument_name, fill.price), fill.liquidity, "", "", fee];
  return element("tr", { class: "fill-row", "data-level": level }, ...texts.map((text, i) => element("td", { class: FIGURES.has(i) ? null : "left" }, text || " ")));
}

/** The reason in words with the value and the bound that were compared, and what the venue said itself. */
function reasonText(view) {
  const words = refusalWords({ ...view, reason: format.words(view.reason) });
  return view.reason_text && view.reason_text !== view.reason ? `${words} · ${view.reason_text}` : words;
}
