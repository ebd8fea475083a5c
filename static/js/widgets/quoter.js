/** The firm's auto-quoter: every parameter, on or off per coin, the version in force, and what it saw of its takers. */

import { commands } from "../feeds/session.js";
import { element, emptyRow, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

class Quoter extends Widget {
  build() {
    this.note = element("span", { class: "panel-note", role: "status" }, "");
    this.bounds = page.config.quoterBounds ?? {};
    this.inputs = new Map();
    this.coins = page.config.coins.map((coin) => this.coinButton(coin));
    const rows = Object.entries(this.bounds).map(([name, bound]) => this.row(name, bound));
    this.submit = element("button", { class: "button button-primary", type: "submit" }, "Set");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.takers = element("tbody");
    const head = ["Taker", "Quotes", "Hits", "Rate", "Mark-out"].map((title, i) => element("th", { scope: "col", class: i ? null : "left" }, title));
    const takers = element("table", { class: "grid" }, element("caption", { class: "left" }, "Takers, as the quoter saw them"), element("thead", {}, element("tr", {}, ...head)), this.takers);
    const table = element("table", { class: "grid quoter" }, element("caption", { class: "hidden-text" }, "Parameters"), element("tbody", {}, ...rows));
    const form = element("form", { autocomplete: "off", onsubmit: (event) => this.send(event) }, element("div", { class: "quote-actions" }, ...this.coins.map((one) => one.button), this.submit), this.message, takers, table);
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Auto-quoter"), this.note), element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Auto-quoter" }, form));
  }

  coinButton(coin) {
    return { coin, button: element("button", { class: "button button-small", type: "button", "data-coin": coin, onclick: () => this.switchCoin(coin) }, coin) };
  }

  row(name, [low, high, unit, meaning]) {
    const input = element("input", { class: "input input-figure input-small", id: `quoter-${name}`, inputmode: "decimal", autocomplete: "off", oninput: () => this.touch(name) });
    this.inputs.set(name, input);
    const label = element("label", { for: input.id, title: `${low} to ${high} ${unit}` }, meaning, element("span", { class: "faint" }, ` ${unit}`));
    return element("tr", {}, element("th", { scope: "row", class: "left" }, label), element("td", {}, input));
  }

  listen() {
    this.watch(firm, ["quoters", "counterparties", "loaded"], () => this.take());
    if (firm.isLoaded) this.take();
  }

  get quoter() {
    return [...firm.quoters.values()][0];
  }

  /** What was set: fields that are being typed into keep what is typed. */
  async take() {
    this.known = this.quoter ?? this.known ?? (await fetchQuoter());
    if (this.quoter) this.known = this.quoter;
    for (const [name, input] of this.inputs) if (!input.dataset.touched) input.value = String(this.known.parameters[name]);
    this.draw();
  }

  touch(name) {
    this.inputs.get(name).dataset.touched = "1";
    this.draw();
  }

  get changes() {
    return [...this.inputs].filter(([, input]) => input.dataset.touched);
  }

  draw() {
    if (!this.known) return;
    const { version, version_in_force, in_force_at_ns, parameters } = this.known;
    setText(this.note, version === version_in_force ? `version ${version} in force since ${format.timeOfDay(in_force_at_ns)}` : `version ${version} set, ${version_in_force || "none"} in force`);
    for (const { coin, button } of this.coins) {
      const isOn = parameters.is_on && !parameters.off_coins.includes(coin);
      setText(button, `${coin} ${isOn ? "on" : "off"}`);
      setAttribute(button, "aria-pressed", String(isOn));
    }
    const count = this.changes.length;
    setText(this.submit, count ? `Set ${count} changed` : "Nothing changed");
    setDisabled(this.submit, count === 0);
    const takers = [...firm.counterparties.values()].sort((a, b) => b.quotes - a.quotes).map(takerRow);
    this.takers.replaceChildren(...(takers.length ? takers : [emptyRow(5, "No taker has been quoted yet.")]));
  }

  switchCoin(coin) {
    const off = this.known.parameters.off_coins;
    return this.set({ off_coins: off.includes(coin) ? off.filter((one) => one !== coin) : [...off, coin] });
  }

  send(event) {
    event.preventDefault();
    const typed = this.changes.map(([name, input]) => [name, Number(input.value)]);
    const wrong = typed.find(([name], i) => !Number.isFinite(typed[i][1]) || this.inputs.get(name).value.trim() === "");
    if (wrong) return this.say(`${this.bounds[wrong[0]][3]} is not a number`, "bad");
    return this.set(Object.fromEntries(typed));
  }

  async set(changes) {
    if (!this.known) return;
    const message = { type: "maker.set_parameters", expected_version: this.known.version, parameters: { ...this.known.parameters, ...changes } };
    this.say("Sent", "wait");
    const answer = await commands.send(message, (state) => state === "unknown" && this.say("Unknown, checking", "wait"));
    if (answer.type === "command_refused") return this.say(`Refused. ${refusalText(answer)}`, "bad");
    for (const name of Object.keys(changes)) delete this.inputs.get(name)?.dataset.touched;
    await this.take();
    return this.say(`Version ${answer.entity_id} is set.`, "good");
  }

  /** The hotkey's: the coin of the page. */
  toggle() {
    return this.switchCoin(selection.coin);
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

function takerRow(taker) {
  const cells = [String(taker.quotes), String(taker.hits), format.percent(taker.hits / Math.max(taker.quotes, 1)), format.signed(taker.markouts ? taker.markout_sum / taker.markouts : NaN, 2)];
  return element("tr", {}, element("th", { scope: "row", class: "left" }, taker.taker_name), ...cells.map((text) => element("td", {}, text)));
}

async function fetchQuoter() {
  const answer = await fetch("/api/maker/quoter", { headers: { Accept: "application/json" } });
  return answer.json();
}

customElements.define("parley-quoter", Quoter);
