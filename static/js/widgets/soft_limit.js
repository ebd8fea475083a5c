/**
 * The second look at an order that a soft limit rejected: its value, the bound, and a button that sends the same order
 * again with the bound confirmed. The button answers only after a moment, so that a double click confirms nothing.
 */

import { newCommandId } from "../feeds/orders.js";
import { element, setDisabled, setText } from "../lib/dom.js";
import { exact } from "../lib/format.js";

const SETTLE_MS = 800;

export class SoftLimit {
  /** @param {(stated: {text: string, message: object}) => void} onConfirm */
  constructor(onConfirm) {
    this.onConfirm = onConfirm;
    this.refused = null;
    this.words = element("p", {}, "");
    this.confirm = element("button", { class: "button", type: "button", onclick: () => this.press() }, "Confirm above soft limit");
    const leave = element("button", { class: "button", type: "button", onclick: () => this.forget() }, "Do not send");
    this.node = element("div", { class: "soft-limit", role: "group", "aria-label": "Soft limit", hidden: true }, this.words, element("div", { class: "ticket-row" }, this.confirm, leave));
  }

  /** @param {{stated: {text: string, message: object}, value: string, bound: string}} refused */
  offer(refused) {
    this.refused = refused;
    this.readyAt = performance.now() + SETTLE_MS;
    setText(this.words, `Value ${dollars(refused.value)} is above the soft limit of ${dollars(refused.bound)}: ${refused.stated.text}`);
    this.node.hidden = false;
    this.draw();
  }

  forget() {
    this.refused = null;
    this.node.hidden = true;
  }

  draw() {
    setDisabled(this.confirm, !this.refused || performance.now() < this.readyAt);
  }

  press() {
    if (!this.refused || performance.now() < this.readyAt) return;
    const { stated, bound } = this.refused;
    this.forget();
    const message = { ...stated.message, command_id: newCommandId(), confirmed_soft_bound: figure(bound) };
    this.onConfirm(Object.freeze({ text: `${stated.text}, soft limit of ${dollars(bound)} confirmed`, message: Object.freeze(message) }));
  }
}

/** `50000.5 USD` -> `50000.5`. */
const figure = (money) => money.split(" ")[0];
const dollars = (money) => `${exact(figure(money))} USD`;
