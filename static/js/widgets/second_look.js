/**
 * The second look at something that was refused and may be confirmed: what it compares, and a button that sends it
 * again, confirmed. The button answers only after a moment, so that a double click or a held Enter confirms nothing,
 * and it never has the focus by itself.
 */

import { element, setDisabled, setText } from "../lib/dom.js";

const SETTLE_MS = 800;

export class SecondLook {
  /** @param {string} name @param {string} action what the confirming button says */
  constructor(name, action) {
    this.words = element("p", { role: "alert" }, "");
    this.confirm = element("button", { class: "button", type: "button", onclick: () => this.press() }, action);
    const leave = element("button", { class: "button", type: "button", onclick: () => this.forget() }, "Do not send");
    this.node = element("div", { class: "second-look", role: "group", "aria-label": name, hidden: true }, this.words, element("div", { class: "ticket-row" }, this.confirm, leave));
    this.send = null;
  }

  /** @param {string} words @param {() => void} send what confirming does */
  offer(words, send) {
    this.forget();
    this.send = send;
    setText(this.words, words);
    this.node.hidden = false;
    this.timer = setTimeout(() => setDisabled(this.confirm, false), SETTLE_MS);
  }

  forget() {
    clearTimeout(this.timer);
    this.send = null;
    this.node.hidden = true;
    setDisabled(this.confirm, true);
  }

  press() {
    const { send } = this;
    this.forget();
    send?.();
  }
}
