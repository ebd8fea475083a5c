/** Orders placed from this tab, followed from the command to the first fact that says what became of them. */

import { firm } from "../store/firm.js";
import { refusalWords } from "../store/refusals.js";
import { newCommandId } from "./commands.js";
import { commands as session } from "./session.js";

const FOLLOWED_MAX = 100;
const SOFT_LIMIT = "soft_limit";
/** @type {Map<number, {text: string, message: object}>} statement by order id */
const followed = new Map();
const listeners = new Set();
const softListeners = new Set();

function tell(text, kind) {
  for (const listener of listeners) listener(text, kind);
}

export const commands = {
  /** @param {(text: string, kind: string) => void} listener @returns {() => void} ends it */
  onTicketState(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /**
   * Told of an order that a soft limit rejected, with the bound that a person may confirm.
   * @param {(refused: {stated: object, value: string, bound: string}) => void} listener @returns {() => void} ends it
   */
  onSoftLimit(listener) {
    softListeners.add(listener);
    return () => softListeners.delete(listener);
  },

  /** Sends a statement's order; resolves with the server's answer. */
  async place(stated) {
    const answer = await session.send(stated.message, (state) => state === "unknown" && tell(`Unknown, checking: ${stated.text}`, "wait"));
    if (answer.type !== "command_accepted") return answer;
    if (answer.entity === "route") followRoute(answer.entity_id, stated);
    else if (answer.entity === "order") follow(answer.entity_id, stated);
    return answer;
  },

  /** Asks to cancel an order; resolves with the server's answer. */
  cancel(orderId) {
    return session.send({ type: "order.cancel", order_id: orderId });
  },
};

function follow(orderId, stated) {
  followed.set(orderId, stated);
  if (followed.size > FOLLOWED_MAX) followed.delete(followed.keys().next().value);
  const order = firm.orders.get(orderId);
  if (order) setTimeout(() => report(firm.orders.get(orderId)), 0);
}

firm.on("orders", (order) => {
  if (order && followed.has(order.order_id)) report(order);
});

const KINDS = { rejected: "bad", unknown: "wait", pending_new: "wait", pending_cancel: "wait", canceled: "wait" };

function report(order) {
  const stated = followed.get(order.order_id);
  if (stated === undefined) return;
  const why = order.reason ? `: ${refusalWords(order)}` : "";
  const state = order.state === "unknown" ? "unknown, checking" : order.state.replaceAll("_", " ");
  tell(`Order ${order.order_id} ${state}${why} · ${stated.text}`, KINDS[order.state] ?? "good");
  if (order.state === "rejected" && order.reason === SOFT_LIMIT) offer(order, stated);
}

/** @type {Map<number, object>} statement by route id */
const routes = new Map();

function followRoute(routeId, stated) {
  routes.set(routeId, stated);
  if (routes.size > FOLLOWED_MAX) routes.delete(routes.keys().next().value);
  setTimeout(() => reportRoute(firm.routes.get(routeId)), 0);
}

firm.on("routes", (route) => reportRoute(route));

function reportRoute(route) {
  const stated = route && routes.get(route.route_id);
  if (!stated) return;
  const why = route.reason ? `: ${refusalWords(route)}` : "";
  const state = route.state === "unknown" ? "unknown, checking" : route.state.replaceAll("_", " ");
  tell(`Route ${route.route_id} ${state}${why} · ${stated.text}`, KINDS[route.state] ?? "good");
}

/** Once: the same order may be reported again. */
function offer(order, stated) {
  followed.delete(order.order_id);
  const refused = { stated, value: order.reason_value, bound: order.reason_bound };
  for (const listener of softListeners) listener(refused);
}

export { newCommandId };
