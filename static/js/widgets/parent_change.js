/** Other parameters and limits of a parent order while it works. */

import { commands } from "../feeds/session.js";
import { element } from "../lib/dom.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";
import { refusalText } from "./notices.js";
import { uses } from "./ticket_algo.js";
import { unitOf } from "./ticket_value.js";

const FIELDS = {
  duration_s: ["Duration, s", "parameters"],
  slice_s: ["Slice, s", "parameters"],
  participation_basis_points: ["Participation, bp", "parameters"],
  limit_price: ["Price cap", "limits"],
  max_participation_basis_points: ["Max participation, bp", "limits"],
  max_child_quantity: ["Max child", "limits"],
};
const TEXTS = new Set(["limit_price", "max_child_quantity"]);

export class ParentChange {
  /** @param {(text: string) => void} say */
  constructor(say) {
    this.say = say;
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, [title]]) => [name, new NumberField(title)]));
    const button = element("button", { class: "button", type: "submit" }, "Change");
    const form = element("form", { autocomplete: "off", onsubmit: (event) => this.send(event) }, ...Object.values(this.fields).map((field) => field.node), button);
    this.node = element("details", { class: "parent-change" }, element("summary", {}, "Parameters and limits"), form);
  }

  /** Fills the fields when another parent order is chosen, or its own values have changed. */
  draw(view) {
    const isStarted = view.state !== "staged" && view.state !== "approved";
    this.node.hidden = view.ended_at_ns > 0 || (view.needs_approval && isStarted);
    for (const name of Object.keys(FIELDS)) this.fields[name].node.hidden = name !== "limit_price" && !uses(view.algo, name);
    const instrument = page.instrument(view.instrument_name);
    if (instrument) {
      this.fields.limit_price.setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
      this.fields.max_child_quantity.setStep(instrument.lot_size, instrument.quantityDecimals, unitOf(instrument));
    }
    const values = JSON.stringify([view.parent_order_id, view.parameters, view.limits]);
    if (values === this.shown) return;
    this.shown = values;
    this.view = view;
    for (const [name, [, group]] of Object.entries(FIELDS)) this.fields[name].value = String(view[group][name] ?? DEFAULTS[name] ?? "");
  }

  async send(event) {
    event.preventDefault();
    const wrong = Object.values(this.fields).find((field) => field.input.value.trim() !== "" && field.value === null);
    if (wrong) {
      this.say(`${wrong.title} is not a number.`);
      return;
    }
    const message = { type: "parent.change", parent_order_id: this.view.parent_order_id, parameters: { ...this.view.parameters }, limits: {} };
    for (const [name, [, group]] of Object.entries(FIELDS)) {
      const { value } = this.fields[name];
      if (value !== null) message[group][name] = TEXTS.has(name) ? value : Number(value);
    }
    const answer = await commands.send(message);
    this.say(answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }
}

/** What the messages leave out where it is the default. */
const DEFAULTS = { duration_s: 600, slice_s: 10, participation_basis_points: 1000 };
