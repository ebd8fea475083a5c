/** Number fields: typed text with `2.5k`, arrow keys by step, Shift ten times, no wheel, nothing rounded silently. */

import { element, setAttribute, setText } from "../lib/dom.js";
import { fixText, isWholeSteps, moveSteps, readTyped } from "../lib/decimal.js";

let fields = 0;

export class NumberField {
  /**
   * @param {string} title
   * @param {{onInput?: () => void, className?: string, least?: number}} options `least`: the smallest number it takes,
   *   where that is not above zero
   */
  constructor(title, { onInput = () => {}, className = "", least } = {}) {
    fields += 1;
    this.least = least;
    this.id = `field-${fields}`;
    this.step = "1";
    this.arrow = "1";
    this.decimals = 0;
    this.title = title;
    this.note = element("span", {}, "");
    this.input = element("input", {
      class: `input input-figure ${className}`.trim(),
      id: this.id,
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      onkeydown: (event) => this.key(event),
      oninput: onInput,
      onblur: () => this.tidy(),
      onfocus: () => this.input.select(),
    });
    this.onInput = onInput;
    this.node = element("div", { class: "field" }, element("label", { for: this.id }, title, this.note), this.input);
  }

  /** The grid of the field: its step, and the digits to show; `arrow`: what an arrow key moves it by. */
  setStep(step, decimals, note = "", arrow = step) {
    this.step = step;
    this.arrow = arrow;
    this.decimals = decimals;
    setText(this.note, note);
  }

  /** Plain decimal text of what is typed, or null. */
  get value() {
    return readTyped(this.input.value);
  }

  set value(text) {
    this.input.value = text;
  }

  get isFocused() {
    return document.activeElement === this.input;
  }

  /** Why the text is not usable, or "". */
  get problem() {
    const { value } = this;
    if (this.input.value.trim() === "") return `${this.title} is empty.`;
    if (value === null) return `${this.title} "${this.input.value}" is not a number.`;
    if (!isWholeSteps(value, this.step)) return `${this.title} ${value} is not a multiple of ${this.step}.`;
    if (this.least === undefined) return Number(value) > 0 ? "" : `${this.title} must be above zero.`;
    return Number(value) >= this.least ? "" : `${this.title} must be ${this.least} or more.`;
  }

  showProblem(isShown) {
    setAttribute(this.input, "aria-invalid", isShown ? "true" : null);
  }

  key(event) {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const count = (event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1);
    this.value = fixText(moveSteps(this.value ?? "0", this.arrow, count, this.least < 0), this.decimals);
    this.onInput();
  }

  /** Spells the number out when the field is left: `2.5k` becomes 2500, on the instrument's digits. */
  tidy() {
    const { value } = this;
    if (value !== null && this.input.value !== "") this.value = fixText(value, this.decimals);
  }
}

/**
 * Buttons of which one is pressed.
 * @param {string} label
 * @param {{value: string, title: string, side?: string}[]} options
 * @param {(value: string) => void} onChoose
 */
export function choice(label, options, onChoose) {
  const buttons = options.map(({ value, title, side }) =>
    element("button", { type: "button", "data-value": value, "data-side": side ?? null, onclick: () => onChoose(value) }, title),
  );
  return element("div", { class: "switch", role: "group", "aria-label": label }, ...buttons);
}
