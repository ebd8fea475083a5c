/** Orders placed from this tab, followed from the command to the first fact that says what became of them. */

import { firm } from "../store/firm.js";
import { refusalWords } from "../store/refusals.js";
import { newCommandId } from "./commands.js";
import { commands as session } from "./session.js";

const FOLLOWED_MAX = 100;
/** @type {Map<number, string>} statement by order id */
const followed = new Map();
const listeners = new Set();

function tell(text, kind) {
  for (const listener of listeners) listener(text, kind);
}

export const commands = {
  /** @param {(text: string, kind: string) => void} listener @returns {() => void} ends it */
  onTicketState(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },

  /** Sends a statement's order; resolves with the server's answer. */
  async place(stated) {
    const answer = await session.send(stated.message, (state) => state === "unknown" && tell(`Unknown, checking: ${stated.text}`, "wait"));
    if (answer.type === "command_accepted") follow(answer.entity_id, stated.text);
    return answer;
  },

  /** Asks to cancel an order; resolves with the server's answer. */
  cancel(orderId) {
    return session.send({ type: "order.cancel", order_id: orderId });
  },
};

function follow(orderId, text) {
  followed.set(orderId, text);
  if (followed.size > FOLLOWED_MAX) followed.delete(followed.keys().next().value);
  const order = firm.orders.get(orderId);
  if (order) setTimeout(() => report(firm.orders.get(orderId)), 0);
}

firm.on("orders", (order) => {
  if (order && followed.has(order.order_id)) report(order);
});

const KINDS = { rejected: "bad", unknown: "wait", pending_new: "wait", pending_cancel: "wait", canceled: "wait" };

function report(order) {
  const text = followed.get(order.order_id);
  if (text === undefined) return;
  const why = order.reason ? `: ${refusalWords(order)}` : "";
  const state = order.state === "unknown" ? "unknown, checking" : order.state.replaceAll("_", " ");
  tell(`Order ${order.order_id} ${state}${why} · ${text}`, KINDS[order.state] ?? "good");
}

export { newCommandId };
