/** Hotkeys: none works until armed; `?` shows them all; each can be remapped. Arming ends with the connection or idleness. */

import { element, setAttribute, setText } from "../lib/dom.js";
import { connection } from "../store/connection.js";
import { Widget } from "./widget.js";

const KEPT = "parley.hotkeys";
const IDLE_MS = 600_000;
const click = (selector) => () => document.querySelector(selector)?.click();
const focus = (selector) => () => document.querySelector(selector)?.focus();

const TRADER_ACTIONS = [
  { id: "buy", key: "b", title: "Ticket: buy", run: click('parley-ticket [data-value="buy"]') },
  { id: "sell", key: "s", title: "Ticket: sell", run: click('parley-ticket [data-value="sell"]') },
  { id: "size", key: "q", title: "Ticket: size", run: focus('[data-field="size"]') },
  { id: "price", key: "p", title: "Ticket: price", run: focus('[data-field="price"]') },
  { id: "limit", key: "l", title: "Ticket: limit", run: click('parley-ticket [data-value="limit"]') },
  { id: "market", key: "m", title: "Ticket: market", run: click('parley-ticket [data-value="market"]') },
  { id: "chain", key: "c", title: "Option chain", run: focus('.chain button[tabindex="0"]') },
  { id: "filter", key: "f", title: "Filter the blotter", run: focus("parley-blotter input") },
  { id: "cancelAll", key: "x", title: "Cancel all (twice)", run: click("parley-cancel-all button") },
];

const MAKER_ACTIONS = [
  { id: "next", key: "j", title: "Next request", run: click('parley-inbox [data-do="next"]') },
  { id: "previous", key: "k", title: "Request before", run: click('parley-inbox [data-do="previous"]') },
  { id: "quote", key: "q", title: "Quote at model ± spread", run: click('parley-quote [data-do="quote"]') },
  { id: "narrower", key: "[", title: "Narrower", run: click('parley-quote [data-do="narrower"]') },
  { id: "wider", key: "]", title: "Wider", run: click('parley-quote [data-do="wider"]') },
  { id: "entry", key: "v", title: "Premium or implied volatility", run: click('parley-quote .switch [aria-pressed="false"]') },
  { id: "here", key: "h", title: "Dead-man timer: I am here", run: click('[data-do="here"]') },
  { id: "cancelQuotes", key: "x", title: "Cancel every quote (twice)", run: click('[data-do="cancel-quotes"]') },
  { id: "withdraw", key: "w", title: "Cancel the quote", run: click('parley-quote [data-do="withdraw"]') },
  { id: "tooLate", key: "1", title: "Pass: too late", run: click('[data-do="pass-too_late"]') },
  { id: "notAuthorized", key: "2", title: "Pass: not authorized", run: click('[data-do="pass-not_authorized"]') },
  { id: "noInventory", key: "3", title: "Pass: no inventory", run: click('[data-do="pass-no_inventory"]') },
  { id: "pass", key: "4", title: "Pass", run: click('[data-do="pass-pass"]') },
  { id: "autoQuoter", key: "o", title: "Auto-quoter of this coin on or off", run: () => document.querySelector("parley-quoter")?.toggle() },
  { id: "filterMaker", key: "f", title: "Filter the blotter", run: focus("parley-blotter input") },
];
const ACTIONS = document.querySelector("parley-inbox") ? MAKER_ACTIONS : TRADER_ACTIONS;

class Hotkeys extends Widget {
  build() {
    this.isArmed = false;
    this.keys = { ...Object.fromEntries(ACTIONS.map((action) => [action.id, action.key])), ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") };
    this.button = element("button", { class: "button", type: "button", title: "Arm or disarm hotkeys; ? lists them", onclick: () => this.arm(!this.isArmed) }, "");
    this.help = element("button", { class: "button button-plain", type: "button", "aria-label": "List hotkeys", onclick: () => this.show() }, "?");
    this.list = element("div", { class: "sheet-body" });
    this.dialog = element("dialog", { class: "sheet", "aria-label": "Hotkeys", onclose: () => (this.remapping = null) }, element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Hotkeys")), this.list);
    this.append(this.button, this.help, this.dialog);
  }

  listen() {
    const onKey = (event) => this.key(event);
    addEventListener("keydown", onKey);
    this.ends.push(() => removeEventListener("keydown", onKey));
    this.watch(connection, "change", () => connection.phase === "closed" && this.arm(false));
    this.every(5000, () => this.isArmed && performance.now() - this.usedAt > IDLE_MS && this.arm(false));
  }

  arm(isArmed) {
    this.isArmed = isArmed;
    this.usedAt = performance.now();
    this.draw();
  }

  draw() {
    setText(this.button, this.isArmed ? "Hotkeys armed" : "Hotkeys off");
    setAttribute(this.button, "aria-pressed", String(this.isArmed));
  }

  key(event) {
    if (this.remapping) return this.remap(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (isTyping(event.target)) return event.key === "Escape" ? event.target.blur() : undefined;
    if (event.key === "?") return this.show();
    const action = ACTIONS.find((one) => this.keys[one.id] === event.key.toLowerCase());
    if (!this.isArmed || !action || event.repeat || this.dialog.open) return undefined;
    event.preventDefault();
    this.usedAt = performance.now();
    return action.run();
  }

  show() {
    this.list.replaceChildren(
      element("p", { class: "muted" }, "They work while armed, outside of text fields. Enter in the ticket sends what its button states; arrows move by one tick, with Shift by ten."),
      element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Hotkeys"), element("tbody", {}, ...ACTIONS.map((action) => this.row(action)))),
      element("div", { class: "quote-actions" }, element("button", { class: "button", type: "button", onclick: () => this.dialog.close() }, "Close")),
    );
    if (!this.dialog.open) this.dialog.showModal();
  }

  row(action) {
    const change = element("button", { class: "button button-small", type: "button", onclick: () => this.await(action, change) }, "Change");
    return element("tr", {}, element("td", { class: "left" }, action.title), element("td", {}, element("kbd", {}, this.keys[action.id])), element("td", {}, change));
  }

  await(action, button) {
    this.remapping = action;
    setText(button, "Press a key");
  }

  remap(event) {
    event.preventDefault();
    const key = event.key.toLowerCase();
    const action = this.remapping;
    this.remapping = null;
    const isTaken = ACTIONS.some((one) => one !== action && this.keys[one.id] === key);
    if (key.length === 1 && key !== "?" && !isTaken) this.keys[action.id] = key;
    localStorage.setItem(KEPT, JSON.stringify(this.keys));
    this.show();
  }
}

function isTyping(target) {
  return target.matches?.("input:not([type=checkbox]), select, textarea") ?? false;
}

customElements.define("parley-hotkeys", Hotkeys);
