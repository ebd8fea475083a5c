/**
 * The kill switch of the firm: two actions to engage, from any page. While it is engaged the same button asks for its
 * release, which needs a typed word here and a second person of the house.
 */

import { element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { sendControl } from "./controls.js";
import { notify } from "./notices.js";
import { Widget } from "./widget.js";

const WORD = "RELEASE";
const REASON_LENGTH_MIN = 3;
const ENGAGE_TEXT =
  "Cancels every working order of your firm in the gateway and blocks new ones. It stays engaged through a restart and takes two people to release.";
const RELEASE_TEXT =
  "New orders of your firm are blocked. Ask for the release with a reason; a second person, of the house, approves it.";

class KillSwitch extends Widget {
  build() {
    this.isKilled = page.config.isKilled === true;
    this.opener = element("button", { class: "button button-danger", type: "button", onclick: () => this.ask() }, "Kill switch");
    this.text = element("p", {}, ENGAGE_TEXT);
    this.confirm = element("button", { class: "button", type: "button", onclick: () => this.send() }, "Engage kill switch");
    this.reason = element("input", { class: "input", id: "kill-reason", maxlength: 200, autocomplete: "off", oninput: () => this.draw() });
    this.word = element("input", { class: "input", id: "kill-word", maxlength: 20, autocomplete: "off", oninput: () => this.draw() });
    this.fields = element("div", { class: "release-fields" }, field("Reason", this.reason), field(`Type ${WORD}`, this.word));
    this.dialog = element("dialog", { class: "sheet", "aria-label": "Kill switch" }, ...this.parts());
    this.append(this.opener, this.dialog);
  }

  parts() {
    const close = element("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, "Close");
    const actions = element("div", { class: "quote-actions" }, this.confirm, close);
    return [
      element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Kill switch")),
      element("div", { class: "sheet-body" }, this.text, this.fields, actions),
    ];
  }

  listen() {
    this.watch(firm, "fact", (fact) => fact.type === "control.kill_switch_changed" && this.changed(fact));
  }

  ask() {
    this.dialog.showModal();
    this.draw();
  }

  draw() {
    setText(this.opener, this.isKilled ? "KILLED" : "Kill switch");
    setAttribute(this.opener, "data-armed", String(this.isKilled));
    this.fields.hidden = !this.isKilled;
    setText(this.text, this.isKilled ? RELEASE_TEXT : ENGAGE_TEXT);
    setText(this.confirm, this.isKilled ? "Ask for release" : "Engage kill switch");
    setAttribute(this.confirm, "data-armed", String(!this.isKilled));
    setDisabled(this.confirm, this.isKilled && !this.canAsk);
  }

  get canAsk() {
    return this.word.value.trim().toUpperCase() === WORD && this.reason.value.trim().length >= REASON_LENGTH_MIN;
  }

  send() {
    const scope = { scope: "firm", scope_id: page.config.user.firmId };
    this.dialog.close();
    if (this.isKilled) sendControl({ type: "control.request_release", ...scope, reason: this.reason.value.trim() }, "Release");
    else sendControl({ type: "control.engage_kill_switch", ...scope }, "Kill switch");
    this.word.value = "";
  }

  /** The gateway said so: also what another tab or the house did. */
  changed(fact) {
    if (fact.scope === "firm") this.isKilled = fact.is_engaged;
    const isOwn = fact.scope !== "all" && fact.scope !== "instrument";
    const counted = fact.is_engaged && isOwn ? `: ${format.number(fact.orders_canceled, 0)} orders canceled` : "";
    notify(`Kill switch ${fact.is_engaged ? "engaged" : "released"} for ${fact.scope} ${fact.scope_id}${counted}.`, fact.is_engaged ? "bad" : "good");
    this.draw();
  }
}

function field(title, input) {
  return element("div", { class: "field" }, element("label", { for: input.id }, title), input);
}

customElements.define("parley-kill-switch", KillSwitch);
