/**
 * The Algo part of the ticket: an algorithm instead of a single order. It says what it adds twice, in words for the
 * button and as fields for the command, from the same values.
 */

import { fixText } from "../lib/decimal.js";
import { element, setText } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";
import { addSelect } from "./ticket_terms.js";
import { titleOf } from "./ticket_venue.js";
import { TicketVolumes } from "./ticket_volumes.js";
import { unitOf } from "./ticket_value.js";

export const ALGOS = { twap: "TWAP", vwap: "VWAP", pov: "POV", implementation_shortfall: "Implementation shortfall", iceberg: "Iceberg", peg: "Peg", sniper: "Sniper" };
/** A bracket and a multi-leg order are none of these: they have their own parts. */
export const TITLES = { ...ALGOS, bracket: "Bracket", multileg: "Multi-leg" };
const SCHEDULED = ["twap", "vwap", "implementation_shortfall"];

/** name: title, value at the start, algorithms that read it, group, whether it travels as text. */
const FIELDS = {
  duration_s: ["Duration, s", "600", Object.keys(ALGOS), "parameters", false],
  slice_s: ["Slice, s", "10", [...SCHEDULED, "pov"], "parameters", false],
  volume_curve: ["Volumes, e.g. 3,2,4", "", ["vwap"], "parameters", false],
  urgency_milli: ["Urgency, thousandths", "2000", ["implementation_shortfall"], "parameters", false],
  participation_basis_points: ["Participation, bp", "1000", ["pov"], "parameters", false],
  display_quantity: ["Shown at a time", "", ["iceberg", "peg"], "parameters", true],
  peg_offset: ["Offset", "", ["peg"], "parameters", true],
  trigger_price: ["Trigger price", "", ["sniper"], "parameters", true],
  max_participation_basis_points: ["Max participation, bp", "", Object.keys(ALGOS), "limits", false],
  max_child_quantity: ["Max child", "", Object.keys(ALGOS), "limits", true],
};
const PRICES = ["peg_offset", "trigger_price"];
const SIZES = ["display_quantity", "max_child_quantity"];
const NEEDED = new Set(["duration_s", "slice_s", "urgency_milli", "participation_basis_points", "trigger_price"]);

const VOLUMES = /^\s*(\d+\s*(,\s*\d+\s*)*)?$/;

export class TicketAlgo {
  /** @param {{onChoose: (changes: object) => void, onInput: () => void}} listeners */
  constructor({ onChoose, onInput }) {
    this.select = element("select", { class: "input", id: "ticket-algo", onchange: () => onChoose({ algo: this.select.value }) }, element("option", { value: "" }, "None: one order"), ...Object.entries(ALGOS).map(([value, title]) => element("option", { value }, title)));
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, [title, value]]) => [name, newField(title, value, onInput)]));
    this.pegReference = addSelect("pegReference", onChoose, "ticket-algo");
    this.volumes = new TicketVolumes(this.fields.volume_curve, onInput);
    this.starts = element("input", { type: "checkbox", onchange: onInput });
    this.starts.checked = true;
    this.startsNode = element("label", { class: "check" }, this.starts, "Start at once");
    this.second = element("p", { class: "muted" }, "Your desk takes two people: it is staged, and another person approves it on the page of orders.");
    this.summary = element("summary", {}, "Algo");
    const chooser = element("div", { class: "field" }, element("label", { for: "ticket-algo" }, "Algorithm"), this.select);
    const inputs = Object.entries(this.fields).flatMap(([name, field]) => (name === "volume_curve" ? [this.volumes.node, field.node] : [field.node]));
    const parts = [chooser, this.pegReference.node, ...inputs, this.startsNode, this.second];
    this.node = element("details", { class: "ticket-terms" }, this.summary, element("div", { class: "ticket-row" }, ...parts));
  }

  draw({ algo = "", pegReference }, instrument) {
    this.select.value = algo;
    this.pegReference.select.value = pegReference;
    this.pegReference.node.hidden = algo !== "peg";
    setText(this.summary, algo ? `Algo: ${ALGOS[algo]}` : "Algo");
    for (const name of Object.keys(FIELDS)) this.fields[name].node.hidden = !uses(algo, name);
    this.startsNode.hidden = !algo || takesTwo();
    this.second.hidden = !algo || !takesTwo();
    this.volumes.draw(uses(algo, "volume_curve"), instrument, Number(this.fields.duration_s.value));
    if (!instrument) return;
    for (const name of PRICES) this.fields[name].setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
    for (const name of SIZES) this.fields[name].setStep(instrument.lot_size, instrument.quantityDecimals, unitOf(instrument));
  }

  /** Why it cannot be sent, or "". */
  problem({ algo }) {
    for (const name of Object.keys(FIELDS)) {
      const field = this.fields[name];
      if (!uses(algo, name)) continue;
      if (name === "volume_curve") {
        if (!VOLUMES.test(field.input.value)) return "Volumes are whole numbers with commas between.";
        continue;
      }
      const isNeeded = NEEDED.has(name) || (name === "display_quantity" && algo === "iceberg");
      if (isNeeded && !(Number(field.value) > 0) && name !== "urgency_milli") return `${FIELDS[name][0]} must be above zero.`;
      if (field.input.value.trim() !== "" && field.value === null) return `${FIELDS[name][0]} is not a number.`;
    }
    return "";
  }

  /** The parameters and limits that the command carries; `price`: the ticket's own, as a cap, or null. */
  groups({ algo, pegReference }, price) {
    const groups = { parameters: {}, limits: price === null ? {} : { limit_price: price } };
    for (const [name, [, , , group, isText]] of Object.entries(FIELDS)) {
      const text = this.fields[name].input.value.trim();
      if (!uses(algo, name) || text === "") continue;
      if (name === "volume_curve") groups.parameters[name] = text.split(",").map(Number);
      else groups[group][name] = isText ? this.fields[name].value : Number(this.fields[name].value);
    }
    if (algo === "peg") groups.parameters.peg_reference = pegReference;
    return groups;
  }

  /** What the button states and the command carries: the ticket's price is the most that it pays, or the least it takes. */
  statement(whole, state, instrument, priceField) {
    const price = priceField.input.value.trim() === "" ? null : fixText(priceField.value, instrument.priceDecimals);
    const cap = price === null ? "" : `, no ${state.side === "buy" ? "more" : "less"} than ${price} ${instrument.quote_currency}`;
    const at = state.venue ? ` at ${titleOf(state.venue)}` : "";
    const text = `${state.side === "buy" ? "Buy" : "Sell"} ${whole.quantity} ${instrument.name}${at} ${this.words(state)}${cap}`;
    const message = { type: "parent.stage", ...whole, algo: state.algo, venue: state.venue, ...this.groups(state, price) };
    return Object.freeze({ text, message: Object.freeze(message), starts: this.starts.checked && !takesTwo() });
  }

  words({ algo, pegReference }) {
    const to = algo === "peg" ? ` to ${pegReference === "mid" ? "mid" : "own side"}` : "";
    return `by ${ALGOS[algo]}${to} over ${this.fields.duration_s.value} s`;
  }
}

/** Whether the algorithm reads the parameter or limit of that name. */
export function uses(algo, name) {
  return FIELDS[name][2].includes(algo);
}

/** Whether the user's desk demands another person's word. */
export function takesTwo() {
  return firm.parent_policies.get(page.config.user.deskId)?.takes_two === true;
}

function newField(title, value, onInput) {
  const field = new NumberField(title, { onInput });
  field.setStep("1", 0);
  field.tidy = () => {};
  field.value = value;
  return field;
}
