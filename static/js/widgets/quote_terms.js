/** How much of the size a maker quotes, and whether a part of it may be taken. */

import { element } from "../lib/dom.js";

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

function option(value, text) {
  return element("option", { value }, text);
}
