/**
 * What protects the maker: limits of fills by coin and whether one of them holds the firm frozen, the dead-man timer and
 * cancel on disconnect of its sessions.
 */

import { commands } from "../feeds/session.js";
import { readTyped, shiftText } from "../lib/decimal.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import { protectionState, protectionText } from "../lib/protection.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { SessionGuard } from "./session_guard.js";
import { Widget } from "./widget.js";

const MS_POWER = 3;
const FIELDS = [
  { name: "interval_ms", title: "Window, s", power: MS_POWER },
  { name: "frozen_ms", title: "Frozen for, s", power: MS_POWER, hint: "0: until reset" },
  { name: "quantity_max", title: "Quantity, coins", isText: true, hint: "off" },
  { name: "delta_max", title: "Delta, coins", isText: true, hint: "off" },
  { name: "vega_max", title: "Vega, USD a point", isText: true, hint: "off" },
  { name: "trade_count_max", title: "Fills", power: 0, hint: "500" },
];

class Protection extends Widget {
  build() {
    /** Whose limits the form sets: only a press changes it, so that nothing that arrives turns it under a hand. */
    this.coin = selection.coin;
    this.rows = new Map(page.config.coins.map((coin) => [coin, this.addRow(coin)]));
    this.inputs = new Map(FIELDS.map((field) => [field.name, element("input", { class: "input input-figure input-small", id: `protection-${field.name}`, inputmode: "decimal", autocomplete: "off", placeholder: field.hint ?? "", oninput: () => this.touch() })]));
    this.submit = element("button", { class: "button button-primary", type: "submit" }, "");
    this.off = element("button", { class: "button", type: "button", onclick: () => this.set({ interval_ms: 0, frozen_ms: 0 }) }, "");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.guard = new SessionGuard((text, kind) => this.say(text, kind));
    this.append(element("div", { class: "panel-body protection", tabindex: 0, role: "region", "aria-label": "Protection" }, this.table(), this.form(), this.message, this.guard.node));
  }

  addRow(coin) {
    const state = element("b", { class: "state" }, "");
    const words = element("span", { class: "muted" }, "");
    const reset = element("button", { class: "button button-small", type: "button", "aria-label": `Reset ${coin}`, onclick: () => this.reset(coin) }, "Reset");
    const choose = element("button", { class: "button button-small", type: "button", onclick: () => this.choose(coin) }, coin);
    const node = element("tr", {}, element("th", { scope: "row", class: "left" }, choose), element("td", { class: "left wrap" }, state, " ", words), element("td", {}, reset));
    return { state, words, reset, choose, node };
  }

  table() {
    const rows = [...this.rows.values()].map((row) => row.node);
    return element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Protection by coin"), element("tbody", {}, ...rows));
  }

  form() {
    const fields = FIELDS.map(({ name, title }) => element("div", { class: "field" }, element("label", { for: `protection-${name}` }, title), this.inputs.get(name)));
    const actions = element("div", { class: "quote-actions" }, this.submit, this.off);
    return element("form", { class: "protection-form", autocomplete: "off", onsubmit: (event) => this.send(event) }, ...fields, actions);
  }

  listen() {
    this.watch(firm, ["protections", "sessions", "loaded"], () => this.take());
    this.every(500);
    this.guard.listen(this);
    this.forget();
  }

  get view() {
    return firm.protections.get(this.coin);
  }

  touch() {
    this.isTouched = true;
  }

  /** Another coin: what was typed for the one before is dropped. */
  choose(coin) {
    this.coin = coin;
    this.forget();
  }

  forget() {
    this.isTouched = false;
    this.take();
  }

  /** What is set, unless somebody is typing. */
  take() {
    for (const field of FIELDS) if (!this.isTouched) this.inputs.get(field.name).value = shown(field, this.view?.[field.name]);
    this.draw();
  }

  draw() {
    for (const [coin, row] of this.rows) this.drawRow(row, firm.protections.get(coin), coin);
    const isOn = protectionState(this.view) !== "off";
    setText(this.submit, `${isOn ? "Change" : "Set"} limits of ${this.coin}`);
    setText(this.off, `Switch ${this.coin} off`);
    this.off.hidden = !isOn;
    this.guard.draw();
  }

  drawRow(row, view, coin) {
    const state = protectionState(view);
    setText(row.state, state === "frozen" ? "FROZEN" : state);
    setAttribute(row.state, "data-state", state);
    setText(row.words, protectionText(view));
    setAttribute(row.choose, "aria-pressed", String(coin === this.coin));
    row.reset.hidden = state === "off";
  }

  send(event) {
    event.preventDefault();
    const typed = FIELDS.map((field) => ({ ...field, text: this.inputs.get(field.name).value.trim() })).filter(({ text }) => text !== "");
    const wrong = typed.find(({ text }) => readTyped(text) === null);
    if (wrong) return this.say(`${wrong.title}: "${wrong.text}" is not a number.`, "bad");
    if (!typed.some(({ name }) => name === "interval_ms")) return this.say("Type the window that fills are counted in.", "bad");
    return this.set(Object.fromEntries(typed.map(({ name, text, power, isText }) => [name, isText ? readTyped(text) : Number(shiftText(readTyped(text), power))])));
  }

  async set(fields) {
    const { coin } = this;
    const answer = await commands.send({ type: "rfq.set_protection", coin, ...fields });
    if (answer.type === "command_refused") return this.say(`Refused. ${refusalText(answer)}`, "bad");
    this.forget();
    return this.say(fields.interval_ms ? `Limits of ${coin} are set.` : `Protection of ${coin} is off.`, "good");
  }

  async reset(coin) {
    const answer = await commands.send({ type: "rfq.reset_protection", coin });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`${coin} is armed anew with an empty window.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

/** As it is typed: seconds for milliseconds, nothing for a limit that is off. */
function shown({ name, power, isText }, value) {
  if (value === null || value === undefined || (name === "interval_ms" && value === 0)) return "";
  return isText ? value : shiftText(String(value), -power);
}

customElements.define("parley-protection", Protection);
