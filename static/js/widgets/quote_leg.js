/** One leg of the maker's quote: the market, the model, and the two prices. */

import { element, setText } from "../lib/dom.js";
import { fixText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { modelValue } from "../lib/model.js";
import { legText } from "../lib/structure.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";

export class QuoteLeg {
  /** @param {object} leg @param {number} index @param {() => void} onChange */
  constructor(leg, index, onChange) {
    this.leg = leg;
    this.isTouched = false;
    this.model = null;
    const typed = () => {
      this.isTouched = true;
      onChange();
    };
    this.fields = { bid: this.addField("bid", typed), ask: this.addField("ask", typed) };
    this.texts = Array.from({ length: 4 }, () => element("td", { class: "muted" }, format.NOTHING));
    const cells = ["bid", "ask"].map((name) => element("td", {}, this.fields[name].input));
    this.node = element("tr", {}, element("th", { scope: "row", class: `left ${leg.side}` }, legText(leg)), ...this.texts, ...cells);
  }

  addField(name, onInput) {
    const field = new NumberField(`${name} of ${this.leg.instrument_name}`, { onInput, className: "input-small" });
    field.input.setAttribute("aria-label", field.title);
    return field;
  }

  get instrument() {
    return page.instrument(this.leg.instrument_name);
  }

  draw() {
    const { instrument, leg } = this;
    if (!instrument) return;
    const ticker = market.tickers.get(leg.instrument_name);
    this.model = modelValue(instrument, ticker, market.surfaces.get(instrument.coin));
    const [quote, mark, volatility, model] = this.texts;
    for (const field of Object.values(this.fields)) field.setStep(instrument.tick_size, instrument.priceDecimals);
    setText(quote, `${format.exact(ticker?.bid_price)} / ${format.exact(ticker?.ask_price)}`);
    setText(mark, format.number(ticker?.mark_price, instrument.priceDecimals));
    setText(volatility, format.percent(this.model?.volatility ?? NaN));
    setText(model, this.model ? `${format.number(this.model.value, instrument.priceDecimals + 1)}${this.model.source === "mark" ? " mark" : ""}` : format.NOTHING);
    for (const field of Object.values(this.fields)) field.showProblem(field.input.value !== "" && field.problem !== "");
  }

  fill({ bid, ask }) {
    this.fields.bid.value = bid;
    this.fields.ask.value = ask;
  }

  /** Exact text of a side's price on the instrument's digits, or null where it is empty or wrong. */
  price(name) {
    const field = this.fields[name];
    return field.problem ? null : fixText(field.value, this.instrument?.priceDecimals ?? 0);
  }

  /** Why a typed price is not usable, or "". An empty one only leaves its side out. */
  get problem() {
    const wrong = Object.values(this.fields).find((field) => field.input.value.trim() !== "" && field.problem);
    return wrong ? wrong.problem : "";
  }
}
