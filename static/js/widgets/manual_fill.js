/** A fill that was made elsewhere, written down for another person to approve. */

import { commands } from "../feeds/session.js";
import { fixText } from "../lib/decimal.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import { page } from "../store/page.js";
import { choice, NumberField } from "./fields.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

class ManualFill extends Widget {
  build() {
    this.side = "buy";
    this.sides = choice("Side", [{ value: "buy", title: "Bought", side: "buy" }, { value: "sell", title: "Sold", side: "sell" }], (side) => this.choose(side));
    this.account = element("select", { class: "input", id: "fill-account" }, ...page.config.accounts.map(({ id, name }) => element("option", { value: String(id) }, name)));
    this.instrument = element("input", { class: "input", id: "fill-instrument", list: "fill-instruments", autocomplete: "off", oninput: () => this.draw() });
    this.names = element("datalist", { id: "fill-instruments" });
    this.quantity = new NumberField("Size");
    this.price = new NumberField("Price");
    this.fee = new NumberField("Fee charged");
    this.fee.tidy = () => {};
    this.source = element("input", { class: "input", id: "fill-source", maxlength: "13", autocomplete: "off" });
    this.reason = element("input", { class: "input", id: "fill-reason", maxlength: "200", autocomplete: "off" });
    this.message = element("p", { class: "message", role: "status" }, "");
    const rows = [field("fill-account", "Account", this.account), field("fill-instrument", "Instrument", this.instrument), this.sides, this.quantity.node, this.price.node, this.fee.node, field("fill-source", "Made at (voice, broker)", this.source), field("fill-reason", "Reason", this.reason)];
    const form = element("form", { class: "booking-form", autocomplete: "off", onsubmit: (event) => this.enter(event) }, ...rows, this.names, element("button", { class: "button", type: "submit" }, "Enter for approval"));
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Fill made elsewhere")), form, this.message);
  }

  listen() {
    this.watch(page, "instruments");
  }

  choose(side) {
    this.side = side;
    this.draw();
  }

  draw() {
    for (const button of this.sides.querySelectorAll("button")) setAttribute(button, "aria-pressed", String(button.dataset.value === this.side));
    if (this.names.childElementCount !== page.instruments.size) this.names.replaceChildren(...[...page.instruments.keys()].map((value) => element("option", { value })));
    const instrument = page.instrument(this.instrument.value.trim().toUpperCase());
    if (!instrument) return;
    this.quantity.setStep(instrument.lot_size, instrument.quantityDecimals);
    this.price.setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
    this.fee.setStep("0.00000001", 0, instrument.settlement_currency ?? "");
  }

  async enter(event) {
    event.preventDefault();
    const instrument = page.instrument(this.instrument.value.trim().toUpperCase());
    const problem = instrument ? this.quantity.problem || this.price.problem : "Choose an instrument.";
    if (problem) {
      this.say(problem, "bad");
      return;
    }
    const values = { account_id: Number(this.account.value), instrument_name: instrument.name, side: this.side, quantity: this.quantity.value, price: fixText(this.price.value, instrument.priceDecimals), fee: this.fee.value ?? "0", source: this.source.value.trim(), reason: this.reason.value.trim() };
    const answer = await commands.send({ type: "fill.enter", ...values });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else {
      this.say(`Entered as ${answer.entity_id}: another person approves it.`, "good");
      for (const one of [this.quantity, this.price, this.fee]) one.value = "";
    }
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

function field(id, title, input) {
  return element("div", { class: "field" }, element("label", { for: id }, title), input);
}

customElements.define("parley-manual-fill", ManualFill);
