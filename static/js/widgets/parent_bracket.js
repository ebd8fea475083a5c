/** What a bracket stands at, loudly where an exit does not stand that should, and other prices for its parts. */

import { commands } from "../feeds/session.js";
import { fixText } from "../lib/decimal.js";
import { element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";
import { refusalText } from "./notices.js";

const STAGES = { entering: "Waiting for the entry", protected: "Exits stand", stopped: "Stop reached" };
const PRICES = { entry_price: "Entry", take_profit: "Take profit", stop_loss: "Stop loss", stop_limit: "Limit of the stop" };
export const ROLES = { e: "entry", t: "take profit", s: "stop loss", k: "take", q: "resting leg", h: "hedge", l: "late completion", u: "unwind" };

/** What an order of a bracket or of a leg is for, or "". */
export function roleOf(child) {
  return ROLES[child.client_order_id.slice(-1)] ?? "";
}

export class ParentBracket {
  /** @param {(text: string) => void} say */
  constructor(say) {
    this.say = say;
    this.stage = element("b", {}, "");
    this.figures = element("span", { class: "muted" }, "");
    this.problem = element("p", { class: "bracket-problem", role: "alert", hidden: true }, "");
    this.fields = Object.fromEntries(Object.entries(PRICES).map(([name, title]) => [name, new NumberField(title)]));
    const button = element("button", { class: "button", type: "submit" }, "Move");
    this.form = element("form", { autocomplete: "off", onsubmit: (event) => this.send(event) }, ...Object.values(this.fields).map((field) => field.node), button);
    this.change = element("details", { class: "parent-change" }, element("summary", {}, "Prices of the bracket"), this.form);
    this.node = element("div", { class: "bracket", hidden: true }, this.problem, element("p", { class: "bracket-stage" }, this.stage, this.figures), this.change);
  }

  draw(view) {
    const parts = view.parameters.bracket;
    this.node.hidden = !parts;
    if (!parts) return;
    this.drawStanding(view.bracket, parts);
    this.change.hidden = view.ended_at_ns > 0;
    const instrument = page.instrument(view.instrument_name);
    for (const [name, field] of Object.entries(this.fields)) {
      field.node.hidden = parts[name] === undefined;
      if (instrument) field.setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
    }
    const shown = JSON.stringify([view.parent_order_id, parts]);
    if (shown === this.shown) return;
    [this.shown, this.view] = [shown, view];
    for (const [name, field] of Object.entries(this.fields)) field.value = parts[name] ?? "";
  }

  drawStanding(standing, parts) {
    this.problem.hidden = !standing?.problem;
    setText(this.problem, standing?.problem ? `Not protected: ${format.words(standing.problem)}. It is tried again.` : " ");
    setText(this.stage, standing ? STAGES[standing.stage] : "Not started");
    if (!standing) return;
    const exit = standing.average_exit_price ? ` at ${format.exact(standing.average_exit_price)}` : "";
    const let_go = standing.released_quantity === "0" ? "" : `, ${standing.released_quantity} closed elsewhere`;
    setText(this.figures, ` ${parts.kind.toUpperCase()} · opened ${standing.opened_quantity} · closed ${standing.closed_quantity}${exit}${let_go} · open ${standing.open_quantity}, of which ${standing.exit_working_quantity} offered`);
  }

  async send(event) {
    event.preventDefault();
    const instrument = page.instrument(this.view.instrument_name);
    const bracket = { ...this.view.parameters.bracket };
    for (const [name, field] of Object.entries(this.fields)) {
      if (bracket[name] === undefined) continue;
      if (field.problem) {
        this.say(field.problem);
        return;
      }
      bracket[name] = fixText(field.value, instrument.priceDecimals);
    }
    const answer = await commands.send({ type: "parent.change", parent_order_id: this.view.parent_order_id, parameters: { ...this.view.parameters, bracket } });
    this.say(answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }
}
