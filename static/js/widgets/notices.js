/** Short messages in the corner, read out politely; bad ones stay longer. */

import { element } from "../lib/dom.js";
import { Widget } from "./widget.js";

const SHOWN_MS = { good: 4000, wait: 6000, bad: 9000 };
const NOTICES_MAX = 4;
let list = null;

class Notices extends Widget {
  build() {
    list = element("div", { class: "notices", role: "status", "aria-live": "polite" });
    this.append(list);
  }
}

/** @param {string} text @param {"good" | "wait" | "bad"} kind */
export function notify(text, kind = "good") {
  if (list === null) return;
  const node = element("div", { class: "notice", "data-kind": kind }, text);
  list.append(node);
  while (list.children.length > NOTICES_MAX) list.firstElementChild.remove();
  setTimeout(() => node.remove(), SHOWN_MS[kind]);
}

/** The sentence for a refusal: reason, message, value and bound. */
export function refusalText(answer) {
  const compared = answer.value !== null && answer.value !== undefined ? ` (${answer.value}` : "";
  const bound = compared && answer.bound !== null && answer.bound !== undefined ? `, bound ${answer.bound}` : "";
  return `${answer.reason}: ${answer.message}${compared ? `${compared}${bound})` : ""}`;
}

customElements.define("parley-notices", Notices);
