/** Cancel all: two actions, from any page; it reports how many orders it canceled. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import { TwoClicks } from "../lib/two_clicks.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { notify, refusalText } from "./notices.js";
import { Widget } from "./widget.js";

function openOrders() {
  return [...firm.orders.values()].filter((order) => OPEN_ORDER_STATES.has(order.state)).length;
}

/** Sends a control command and shows what came of it. */
export async function sendControl(message, name) {
  const answer = await commands.send(message, (state) => state === "unknown" && notify(`${name}: unknown, checking`, "wait"));
  if (answer.type === "command_refused") notify(`${name} refused. ${refusalText(answer)}`, "bad");
  else notify(`${name}: accepted.`);
  return answer;
}

class CancelAll extends Widget {
  build() {
    this.button = element("button", { class: "button", type: "button", onclick: (click) => this.press(click) }, "Cancel all");
    this.append(this.button);
    this.clicks = new TwoClicks();
  }

  listen() {
    this.watch(firm, ["orders", "loaded"]);
    this.every(500);
    this.watch(firm, "fact", (fact) => this.report(fact));
  }

  press(click) {
    if (this.clicks.press(click)) sendControl({ type: "order.cancel_all" }, "Cancel all");
    this.draw();
  }

  report(fact) {
    if (fact.type === "order.cancel_all_done") notify(`Cancel all done: ${fact.orders_canceled} orders canceled.`);
  }

  draw() {
    const count = openOrders();
    const { isArmed } = this.clicks;
    setAttribute(this.button, "data-armed", String(isArmed));
    const open = firm.isLoaded ? `Cancel all (${count})` : "Cancel all";
    setText(this.button, isArmed ? `Confirm: cancel ${count} open` : open);
  }
}

customElements.define("parley-cancel-all", CancelAll);
