/** What a multi-leg order stands at, leg by leg, loudly where a leg stands alone too long; and other terms for it. */

import { commands } from "../feeds/session.js";
import { decimalsOf } from "../lib/decimal.js";
import { arrange, element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { NumberField } from "./fields.js";
import { refusalText } from "./notices.js";
import { setNetStep } from "./structure_order.js";

const HEADS = ["Leg", "Side", "Ratio", "Traded", "Of", "Working", "Unwound", "Average"];
const FIELDS = { net_price: ["Net price", -Infinity], quantity: ["Quantity"], legging_limit: ["Legging limit"], legging_slippage: ["Slippage", 0] };

export class ParentMultileg {
  /** @param {(text: string) => void} say */
  constructor(say) {
    this.say = say;
    this.stage = element("b", {}, "");
    this.figures = element("span", { class: "muted" }, "");
    this.problem = element("p", { class: "bracket-problem", role: "alert", hidden: true }, "");
    this.rows = element("tbody");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: i < 2 ? "left" : null }, title));
    const table = element("table", { class: "grid latencies multileg-legs" }, element("caption", { class: "hidden-text" }, "Legs"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, [title, least]]) => [name, new NumberField(title, { least })]));
    const button = element("button", { class: "button", type: "submit" }, "Change");
    const form = element("form", { autocomplete: "off", onsubmit: (event) => this.send(event) }, ...Object.values(this.fields).map((field) => field.node), button);
    this.change = element("details", { class: "parent-change" }, element("summary", {}, "Net price, quantity and limits"), form);
    this.node = element("div", { class: "multileg", hidden: true }, this.problem, element("p", { class: "multileg-stage" }, this.stage, this.figures), table, this.change);
  }

  draw(view) {
    const { multileg } = view;
    this.node.hidden = !multileg;
    if (!multileg) return;
    this.drawStanding(view, multileg);
    arrange(this.rows, multileg.legs.map(legRow));
    this.change.hidden = view.ended_at_ns > 0;
    for (const name of ["net_price", "legging_slippage"]) setNetStep(this.fields[name], multileg.legs);
    for (const name of ["quantity", "legging_limit"]) this.fields[name].setStep(multileg.step, decimalsOf(multileg.step));
    const terms = { ...view.parameters.multileg, quantity: view.quantity };
    const shown = JSON.stringify([view.parent_order_id, terms]);
    if (shown === this.shown) return;
    [this.shown, this.view] = [shown, view];
    for (const [name, field] of Object.entries(this.fields)) field.value = terms[name] ?? "0";
  }

  drawStanding(view, { name, net_price, quote_currency, unmatched_quantity, unmatched_since_ns, is_late, problem }) {
    const isAlone = unmatched_quantity !== "0";
    this.problem.hidden = !isAlone || !(is_late || problem);
    setText(this.problem, `${format.exact(unmatched_quantity)} without the other legs: ${format.words(problem || "late")}`);
    setText(this.stage, isAlone ? `${format.exact(unmatched_quantity)} unmatched since ${format.dateTime(unmatched_since_ns)}` : "All legs matched");
    const { net_price: limit, legging_limit, quoting_leg, time_in_force = "gtc" } = view.parameters.multileg;
    const way = quoting_leg ? `${quoting_leg} rests` : "all legs at once";
    const so_far = net_price === null ? "" : `, ${format.exact(net_price)} so far`;
    setText(this.figures, ` · ${name} at ${format.exact(limit)} ${quote_currency} net${so_far} · ${way} · at most ${format.exact(legging_limit)} unmatched · ${time_in_force.toUpperCase()}`);
  }

  async send(event) {
    event.preventDefault();
    const wrong = Object.values(this.fields).find((field) => field.problem);
    if (wrong) {
      this.say(wrong.problem);
      return;
    }
    const { quantity, ...terms } = Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.value]));
    const multileg = { ...this.view.parameters.multileg, ...terms };
    const answer = await commands.send({ type: "parent.change", parent_order_id: this.view.parent_order_id, parameters: { ...this.view.parameters, multileg }, quantity });
    this.say(answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }
}

function legRow(leg) {
  const average = leg.average_price === null ? format.NOTHING : format.exact(leg.average_price);
  const figures = [leg.ratio, format.exact(leg.filled_quantity), format.exact(leg.quantity), format.exact(leg.working_quantity), format.exact(leg.unwound_quantity), average];
  const texts = [leg.instrument_name, leg.side === "buy" ? "Buy" : "Sell", ...figures];
  return element("tr", { "data-leg": leg.instrument_name }, ...texts.map((text, i) => element("td", { class: i < 2 ? "left" : null }, String(text))));
}
