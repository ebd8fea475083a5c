/** Beside the quote: passing with a reason, and why the own quote is as it is. */

import { commands } from "../feeds/session.js";
import { element, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

const REASONS = [["too_late", "Too late"], ["not_authorized", "Not authorized"], ["no_inventory", "No inventory"], ["pass", "Pass"]];
const PARTS = [
  ["model_value", "Model value"], ["skew_vega", "Skew: vega"], ["skew_expiry", "Skew: expiry"], ["skew_delta", "Skew: delta"], ["center", "Middle"],
  ["spread_vega", "Spread: net vega"], ["spread_gross_vega", "Spread: legs' vegas"], ["spread_linear", "Spread: futures"], ["spread_size", "Spread: size"],
  ["spread_time", "Spread: time of day"], ["spread_markup", "Spread: counterparty"], ["spread_hedge", "Spread: hedge cost"], ["spread_floor", "Spread: least ticks"], ["half_spread", "Half-spread"],
];
const SUMS = new Set(["center", "half_spread"]);
const DECIMALS = 6;
const ASK_AGAIN_MS = 1000;
const ASK_DOUBLINGS_MAX = 6;

class MakerActions extends Widget {
  build() {
    this.passed = element("p", { class: "muted", role: "status" }, "");
    this.passes = REASONS.map(([reason, title]) => element("button", { class: "button button-small", type: "button", "data-do": `pass-${reason}`, onclick: () => this.pass(reason) }, title));
    this.why = element("tbody");
    this.about = element("p", { class: "muted" }, "");
    this.table = element("table", { class: "grid decision" }, element("caption", { class: "hidden-text" }, "Why the own quote is as it is"), this.why);
    this.append(element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Passing and reasons" }, element("div", { class: "quote-actions" }, element("span", { class: "muted" }, "Do not quote:"), ...this.passes), this.passed, this.about, this.table));
  }

  listen() {
    this.watch(selection, "rfqId");
    this.watch(firm, ["rfqs", "passes", "loaded"]);
    this.every(1000);
  }

  get rfq() {
    return firm.rfqs.get(selection.rfqId);
  }

  draw() {
    const { rfq } = this;
    const isOpen = rfq?.state === "open";
    for (const button of this.passes) setDisabled(button, !isOpen);
    const passed = rfq && [...firm.passes.values()].find((one) => one.rfq_id === rfq.rfq_id);
    setText(this.passed, passed ? `Your firm passed: ${format.words(passed.reason)}` : "");
    this.explain(rfq?.quotes[0]);
  }

  /** The reasons are kept a moment after the quote: they are asked for until they are there. */
  async explain(quote) {
    const wanted = quote ? `${quote.quote_id}.${quote.version}` : "";
    if (this.shown === wanted || this.isAsking || (this.asked === wanted && performance.now() < this.askAt)) return;
    this.isAsking = true;
    this.tries = this.asked === wanted ? this.tries + 1 : 0;
    this.asked = wanted;
    this.askAt = performance.now() + ASK_AGAIN_MS * 2 ** Math.min(this.tries, ASK_DOUBLINGS_MAX);
    const kept = quote ? await fetchDecision(quote) : null;
    this.isAsking = false;
    if (quote && !kept) setText(this.about, "No reasons are kept of this version: a person priced it, or they are on their way.");
    else this.show(kept, quote, wanted);
    if (!kept) this.why.replaceChildren();
  }

  show(kept, quote, wanted) {
    this.shown = wanted;
    if (!kept) return setText(this.about, "");
    const { decision } = kept;
    setText(this.about, `Version ${kept.version} by parameters ${decision.parameters_version}: vega held ${format.signed(decision.inventory_vega_usd, 0)} USD a point, delta held ${format.signed(decision.inventory_delta, 2)}; taker's hit rate ${format.percent(decision.hit_rate)}, mark-out ${format.signed(decision.markout, 2)} half-spreads`);
    return this.why.replaceChildren(...PARTS.map(([name, title]) => partRow(title, decision[name], SUMS.has(name))));
  }

  async pass(reason) {
    const { rfq } = this;
    if (!rfq) return;
    const answer = await commands.send({ type: "rfq.pass", rfq_id: rfq.rfq_id, reason });
    if (answer.type === "command_refused") setText(this.passed, `Refused. ${refusalText(answer)}`);
  }
}

function partRow(title, value, isSum) {
  return element("tr", { "data-sum": isSum }, element("th", { scope: "row", class: "left" }, title), element("td", {}, isSum ? format.number(value, DECIMALS) : format.signed(value, DECIMALS)));
}

async function fetchDecision(quote) {
  const answer = await fetch(`/api/maker/quotes/${quote.quote_id}/decisions`, { headers: { Accept: "application/json" } });
  return answer.ok ? ((await answer.json()).find((one) => one.version === quote.version) ?? null) : null;
}

customElements.define("parley-maker-actions", MakerActions);
