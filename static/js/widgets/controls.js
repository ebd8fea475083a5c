/** Cancel all and the kill switch: two actions each, from any page. Both report how many orders they canceled. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { page } from "../store/page.js";
import { notify, refusalText } from "./notices.js";
import { Widget } from "./widget.js";

const ARMED_MS = 4000;
const DOUBLE_CLICK_MS = 350;

function openOrders() {
  return [...firm.orders.values()].filter((order) => OPEN_ORDER_STATES.has(order.state)).length;
}

/** Sends a control command and shows what came of it. */
async function sendControl(message, name) {
  const answer = await commands.send(message, (state) => state === "unknown" && notify(`${name}: unknown, checking`, "wait"));
  if (answer.type === "command_refused") notify(`${name} refused. ${refusalText(answer)}`, "bad");
  else notify(`${name}: accepted.`);
}

class CancelAll extends Widget {
  build() {
    this.button = element("button", { class: "button", type: "button", onclick: () => this.press() }, "Cancel all");
    this.append(this.button);
    this.armedAt = 0;
  }

  listen() {
    this.watch(firm, ["orders", "loaded"]);
    this.every(500);
    this.watch(firm, "fact", (fact) => this.report(fact));
  }

  get isArmed() {
    return this.armedAt > 0 && performance.now() - this.armedAt < ARMED_MS;
  }

  /** The first press arms, the second, not a double click, sends. */
  press() {
    if (!this.isArmed) this.armedAt = performance.now();
    else if (performance.now() - this.armedAt > DOUBLE_CLICK_MS) {
      this.armedAt = 0;
      sendControl({ type: "order.cancel_all" }, "Cancel all");
    }
    this.draw();
  }

  report(fact) {
    if (fact.type === "order.cancel_all_done") notify(`Cancel all done: ${fact.orders_canceled} orders canceled.`);
  }

  draw() {
    const count = openOrders();
    setAttribute(this.button, "data-armed", String(this.isArmed));
    setText(this.button, this.isArmed ? `Confirm: cancel ${count} open` : `Cancel all (${count})`);
  }
}

class KillSwitch extends Widget {
  build() {
    this.open = element("button", { class: "button button-danger", type: "button", onclick: () => this.ask() }, "Kill switch");
    this.engage = element("button", { class: "button", "data-armed": "true", type: "button", onclick: () => this.send() }, "Engage kill switch");
    this.reason = element("input", { class: "input", id: "kill-reason", maxlength: 120, placeholder: "Why", autocomplete: "off" });
    this.dialog = element(
      "dialog",
      { class: "sheet", "aria-label": "Kill switch" },
      element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Kill switch")),
      element("div", { class: "sheet-body" }, ...this.body()),
    );
    this.append(this.open, this.dialog);
  }

  body() {
    return [
      element("p", {}, "Cancels every working order of your firm in the gateway and blocks new ones. It stays engaged through a restart and takes two people to release."),
      element("div", { class: "field" }, element("label", { for: "kill-reason" }, "Reason"), this.reason),
      element(
        "div",
        { class: "quote-actions" },
        this.engage,
        element("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, "Keep trading"),
      ),
    ];
  }

  listen() {
    this.watch(firm, "fact", (fact) => fact.type === "control.kill_switch_changed" && this.changed(fact));
  }

  ask() {
    this.dialog.showModal();
    this.reason.focus();
  }

  send() {
    this.dialog.close();
    const firmId = page.config.user.firmId;
    sendControl({ type: "control.engage_kill_switch", scope: "firm", scope_id: firmId }, "Kill switch");
  }

  changed(fact) {
    const what = fact.is_engaged ? "engaged" : "released";
    notify(`Kill switch ${what} for ${fact.scope}: ${format.number(fact.orders_canceled, 0)} orders canceled.`, fact.is_engaged ? "bad" : "good");
    setText(this.open, fact.is_engaged ? "KILLED" : "Kill switch");
    setAttribute(this.open, "data-armed", String(fact.is_engaged));
    setDisabled(this.open, fact.is_engaged);
  }
}

customElements.define("parley-cancel-all", CancelAll);
customElements.define("parley-kill-switch", KillSwitch);
