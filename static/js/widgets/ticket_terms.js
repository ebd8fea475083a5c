/**
 * The Advanced part of the ticket: types, times and terms beyond the usual. It says what it adds to the order twice, in
 * words for the button and as fields for the command, from the same values.
 */

import { element, setText } from "../lib/dom.js";
import { fixText } from "../lib/decimal.js";
import { NumberField } from "./fields.js";

const RESTING = ["gtc", "gtd", "day"];
const STOPS = ["stop", "stop_limit"];
const OPTIONS = {
  orderType: ["Order type", { limit: "Limit", market: "Market", stop: "Stop", stop_limit: "Stop limit", peg: "Peg" }],
  timeInForce: ["Time in force", { gtc: "GTC", ioc: "IOC", fok: "FOK", day: "Day, to 08:00 UTC", gtd: "Until a time" }],
  trigger: ["Triggered by", { last_trade: "Last trade", mark: "Mark" }],
  pegReference: ["Pegged to", { mid: "Mid", primary: "Own side" }],
  selfMatch: ["Own orders met", { cancel_newest: "Cancel newest", cancel_oldest: "Cancel oldest", cancel_both: "Cancel both", decrement: "Decrement" }],
};

/** Whether orders of the type have a price: "yes", "no", or "may" for the limit of a peg. */
export function priceNeed(orderType) {
  if (orderType === "peg") return "may";
  return orderType === "limit" || orderType === "stop_limit" ? "yes" : "no";
}

export class TicketTerms {
  /** @param {{onChoose: (changes: object) => void, onInput: () => void}} listeners */
  constructor({ onChoose, onInput }) {
    this.selects = new Map(Object.keys(OPTIONS).map((name) => [name, addSelect(name, onChoose)]));
    this.stop = new NumberField("Stop price", { onInput });
    this.offset = new NumberField("Offset", { onInput });
    this.shown = new NumberField("Show at a time", { onInput });
    this.minimum = new NumberField("At least at once", { onInput });
    this.until = element("input", { class: "input", type: "datetime-local", id: "ticket-until", oninput: onInput });
    this.untilNode = element("div", { class: "field" }, element("label", { for: "ticket-until" }, "Until (UTC)"), this.until);
    this.reduceOnly = element("input", { type: "checkbox", onchange: () => onChoose({ isReduceOnly: this.reduceOnly.checked }) });
    this.summary = element("summary", {}, "Advanced");
    const node = (name) => this.selects.get(name).node;
    const reduce = element("label", { class: "check" }, this.reduceOnly, "Reduce only");
    this.parts = [node("orderType"), node("timeInForce"), this.stop.node, node("trigger"), node("pegReference"), this.offset.node, this.untilNode, this.shown.node, this.minimum.node, node("selfMatch"), reduce];
    this.node = element("details", { class: "ticket-terms" }, this.summary, element("div", { class: "ticket-row" }, ...this.parts));
  }

  draw(state, instrument) {
    const may = combinations(state);
    for (const [name, { select }] of this.selects) select.value = state[name];
    this.reduceOnly.checked = state.isReduceOnly;
    this.stop.node.hidden = !may.stop;
    this.selects.get("trigger").node.hidden = !may.stop;
    this.selects.get("pegReference").node.hidden = !may.peg;
    this.offset.node.hidden = !may.peg;
    this.untilNode.hidden = !may.until;
    this.shown.node.hidden = !may.shown;
    this.minimum.node.hidden = !may.minimum;
    setText(this.summary, this.words(state) ? "Advanced: in use" : "Advanced");
    if (!instrument) return;
    for (const field of [this.stop, this.offset]) field.setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
    for (const field of [this.shown, this.minimum]) field.setStep(instrument.lot_size, instrument.quantityDecimals, "");
  }

  /** Why the terms cannot be sent, or "". */
  problem(state) {
    const may = combinations(state);
    if (may.stop && this.stop.problem) return this.stop.problem;
    if (may.peg && typed(this.offset) && Number(this.offset.value) !== 0 && unsigned(this.offset)) return unsigned(this.offset);
    if (may.until && !(this.untilMs > 0)) return "Until is empty.";
    if (may.shown && typed(this.shown) && this.shown.problem) return this.shown.problem;
    return may.minimum && typed(this.minimum) ? this.minimum.problem : "";
  }

  get untilMs() {
    return Date.parse(`${this.until.value}Z`);
  }

  /** What the command carries beside the usual. */
  fields(state, instrument) {
    const may = combinations(state);
    const fields = {};
    if (may.stop) Object.assign(fields, { stop_price: fixText(this.stop.value, instrument.priceDecimals), trigger: state.trigger });
    if (may.peg) fields.peg_reference = state.pegReference;
    if (may.peg && Number(this.offset.value ?? 0) !== 0) fields.peg_offset = fixText(this.offset.value, instrument.priceDecimals);
    if (may.until) fields.expires_at_ns = this.untilMs * 1e6;
    if (may.shown && typed(this.shown)) fields.display_quantity = this.shown.value;
    if (may.minimum && typed(this.minimum)) fields.minimum_quantity = this.minimum.value;
    if (state.isReduceOnly) fields.is_reduce_only = true;
    if (state.selfMatch !== "cancel_newest") fields.self_match = state.selfMatch;
    return fields;
  }

  /** The same in words, or "". */
  words(state) {
    const may = combinations(state);
    const words = [];
    if (may.stop) words.push(`stop ${this.stop.value ?? "?"} by ${state.trigger === "mark" ? "mark" : "last trade"}`);
    if (may.peg) words.push(`peg to ${state.pegReference === "mid" ? "mid" : "own side"}${Number(this.offset.value ?? 0) ? ` ${this.offset.value}` : ""}`);
    if (may.until) words.push(`until ${this.until.value.replace("T", " ")} UTC`);
    if (may.shown && typed(this.shown)) words.push(`showing ${this.shown.value}`);
    if (may.minimum && typed(this.minimum)) words.push(`at least ${this.minimum.value}`);
    if (state.isReduceOnly) words.push("reduce-only");
    if (state.selfMatch !== "cancel_newest") words.push(OPTIONS.selfMatch[1][state.selfMatch].toLowerCase());
    return words.join(", ");
  }
}

/** Which terms go with the type and the time. */
function combinations({ orderType, timeInForce }) {
  const isResting = RESTING.includes(timeInForce);
  return {
    stop: STOPS.includes(orderType),
    peg: orderType === "peg",
    until: timeInForce === "gtd",
    shown: orderType === "limit" && isResting,
    minimum: timeInForce === "ioc" && (orderType === "limit" || orderType === "market"),
  };
}

const typed = (field) => field.input.value.trim() !== "";

/** The problem of an amount that may be below zero. */
function unsigned(field) {
  const text = field.input.value;
  field.input.value = text.replace(/^\s*-/, "");
  const { problem } = field;
  field.input.value = text;
  return problem;
}

/** `place`: what the control belongs to, so that ids differ. */
export function addSelect(name, onChoose, place = "ticket") {
  const [title, options] = OPTIONS[name];
  const select = element("select", { class: "input", id: `${place}-${name}`, onchange: () => onChoose({ [name]: select.value }) }, ...Object.entries(options).map(([value, text]) => element("option", { value }, text)));
  return { select, node: element("div", { class: "field" }, element("label", { for: `${place}-${name}` }, title), select) };
}
