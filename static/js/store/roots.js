/** What a person asked for: parent orders, orders over venues, and orders that are no part of either. */

import { firm } from "./firm.js";

/** @typedef {{kind: "parent" | "split" | "order" | "route", id: number}} Root */

const MAPS = { parent: "parents", split: "splits", order: "orders", route: "routes" };
const IDS = { parent: "parent_order_id", split: "split_id", order: "order_id", route: "route_id" };

/** @param {Root | null} root */
export function viewOf(root) {
  return root ? firm[MAPS[root.kind]].get(root.id) : undefined;
}

/** Roots of a tab, newest first. An order that a route or an algorithm made is none. */
export function listRoots(tab) {
  const kinds = tab === "order" ? ["order", "route"] : [tab];
  const parts = new Set([...firm.routes.values()].map((route) => route.order_id));
  const isWhole = (view) => !view.parent_order_id && !view.split_id && !parts.has(view.order_id);
  const roots = kinds.flatMap((kind) => [...firm[MAPS[kind]].values()].filter((view) => kind === "parent" || kind === "split" || isWhole(view)).map((view) => ({ kind, id: view[IDS[kind]], view })));
  return roots.sort((a, b) => b.view.created_at_ns - a.view.created_at_ns || b.id - a.id);
}

/** `#order-12` in the address, or null. */
export function readRoot(hash) {
  const found = /^#(parent|split|order|route)-(\d{1,18})$/.exec(hash);
  return found ? { kind: found[1], id: Number(found[2]) } : null;
}

/** The newest of what was loaded and what the facts said since: routes, orders and fills of a root, by id. */
export function membersOf(root, loaded) {
  const isPart = (view) => root.kind === "parent" && view.parent_order_id === root.id;
  const routes = merge(loaded?.routes, firm.routes, "route_id", (route) => isPart(route) || (root.kind === "split" && route.split_id === root.id) || (root.kind === "route" && route.route_id === root.id));
  const named = new Set([...routes.values()].map((route) => route.order_id));
  const orders = merge(loaded?.orders, firm.orders, "order_id", (order) => isPart(order) || named.has(order.order_id) || (root.kind === "order" && order.order_id === root.id));
  const fills = merge(loaded?.fills, firm.fills, "execution_id", (fill) => orders.has(fill.order_id) || routes.has(fill.route_id));
  return { routes, orders, fills: [...fills.values()].sort((a, b) => a.at_ns - b.at_ns || a.execution_id - b.execution_id) };
}

function merge(loaded = [], live, id, isMember) {
  const found = new Map(loaded.map((view) => [view[id], view]));
  for (const view of live.values()) {
    const known = found.get(view[id]);
    if (isMember(view) && (!known || (view.updated_at_ns ?? 0) >= (known.updated_at_ns ?? 0))) found.set(view[id], view);
  }
  return found;
}
