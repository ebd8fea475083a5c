/** Orders placed from this tab, followed from the command to the first fact that says what became of them. */

import { firm } from "../store/firm.js";
import { refusalWords } from "../store/refusals.js";
import { newCommandId } from "./commands.js";
import { commands as session } from "./session.js";

const FOLLOWED_MAX = 100;
const SOFT_LIMIT = "soft_limit";
const ROWS = { order: "orders", route: "routes" };
const TITLES = { order: "Order", route: "Route" };
/** @type {Record<string, Map<number, {text: string, message: object}>>} statements by kind and id */
const followed = { order: new Map(), route: new Map() };
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
    if (followed[answer.entity]) follow(answer.entity, answer.entity_id, stated);
    return answer;
  },

  /** Asks to cancel an order; resolves with the server's answer. */
  cancel(orderId) {
    return session.send({ type: "order.cancel", order_id: orderId });
  },
};

function follow(kind, id, stated) {
  const statements = followed[kind];
  statements.set(id, stated);
  if (statements.size > FOLLOWED_MAX) statements.delete(statements.keys().next().value);
  setTimeout(() => report(kind, firm[ROWS[kind]].get(id)), 0);
}

for (const kind of Object.keys(ROWS)) firm.on(ROWS[kind], (view) => report(kind, view));

const KINDS = { rejected: "bad", unknown: "wait", pending_new: "wait", pending_cancel: "wait", canceled: "wait" };

function report(kind, view) {
  const id = view?.[`${kind}_id`];
  const stated = view && followed[kind].get(id);
  if (stated === undefined) return;
  const why = view.reason ? `: ${refusalWords(view)}` : "";
  const state = view.state === "unknown" ? "unknown, checking" : view.state.replaceAll("_", " ");
  tell(`${TITLES[kind]} ${id} ${state}${why} · ${stated.text}`, KINDS[view.state] ?? "good");
  if (view.state === "rejected" && view.reason === SOFT_LIMIT) offer(kind, view, stated);
}

/** Once: the same order may be reported again. */
function offer(kind, view, stated) {
  followed[kind].delete(view[`${kind}_id`]);
  const refused = { stated, value: view.reason_value, bound: view.reason_bound };
  for (const listener of softListeners) listener(refused);
}

export { newCommandId };
