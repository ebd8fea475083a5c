/** How much of the size a maker quotes, and whether a part of it may be taken; and its answer where it has a last look. */

import { commands } from "../feeds/session.js";
import { msUntil } from "../lib/clock.js";
import { element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { refusalText } from "./notices.js";

const REASONS = ["credit_check", "risk_limit", "technical", "price_tolerance"];

export class QuoteTerms {
  /** @param {Element} entry the choice of the unit that prices are typed in */
  constructor(entry) {
    this.quantity = element("input", { class: "input input-small", id: "quote-size", inputmode: "decimal", placeholder: "All" });
    this.condition = element("select", { class: "input input-small", id: "quote-condition" }, option("any_part_of", "Any part of it"), option("all_or_none", "All or none"));
    const size = element("label", { class: "check", for: "quote-size" }, "Size");
    const condition = element("label", { class: "check", for: "quote-condition" }, "Taken");
    this.node = element("div", { class: "quote-actions" }, entry, size, element("div", {}, this.quantity), condition, element("div", {}, this.condition));
  }

  clear() {
    this.quantity.value = "";
    this.condition.value = "any_part_of";
  }

  /** The fields of the message. */
  get fields() {
    return { quantity: this.quantity.value.trim() || null, condition: this.condition.value };
  }
}

export class LastLookBar {
  constructor(say) {
    this.say = say;
    this.text = element("b", { role: "timer" }, "");
    this.reason = element("select", { class: "input input-small", "aria-label": "Reason" }, ...REASONS.map((name) => option(name, format.words(name))));
    const confirm = element("button", { class: "button button-primary", type: "button", onclick: () => this.answer(true) }, "Confirm");
    const reject = element("button", { class: "button", type: "button", onclick: () => this.answer(false) }, "Reject");
    this.node = element("div", { class: "quote-actions last-look", role: "group", "aria-label": "Last look" }, this.text, confirm, reject, element("div", {}, this.reason));
  }

  draw(rfq, quote) {
    this.quote = quote;
    const isAsked = quote?.state === "pending_last_look";
    this.node.hidden = !isAsked;
    if (!isAsked) return;
    const verb = rfq.accepted_side === "buy" ? "sell" : "buy";
    setText(this.text, `Last look: ${verb} ${format.short(quote.filled_quantity)} · ${format.countdown(msUntil(quote.last_look_until_ns))}`);
  }

  async answer(isConfirmed) {
    const reason = isConfirmed ? null : this.reason.value;
    const answer = await commands.send({ type: "rfq.answer_last_look", quote_id: this.quote.quote_id, is_confirmed: isConfirmed, reason });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(isConfirmed ? "Last look: confirmed." : "Last look: taken back.", "good");
  }
}

function option(value, text) {
  return element("option", { value }, text);
}
