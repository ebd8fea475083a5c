/** One leg of the maker's quote: the market, the model, and two entries, each with its other unit live beside it. */

import { element, setAttribute, setText } from "../lib/dom.js";
import { compareText, fixText, roundToStep, shiftText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { modelValue, optionPrice, optionVolatility, quoteByVega } from "../lib/model.js";
import { legText } from "../lib/structure.js";
import { desk } from "../store/maker.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";

const PERCENT_STEP = "0.01";
const PERCENT_ARROW = "0.1";
const PERCENT_DECIMALS = 2;
const SIDES = ["bid", "ask"];

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
    this.others = { bid: element("small", { class: "other-unit" }, ""), ask: element("small", { class: "other-unit" }, "") };
    this.texts = Array.from({ length: 4 }, () => element("td", { class: "muted" }, format.NOTHING));
    const cells = SIDES.map((name) => element("td", { class: "entry" }, this.fields[name].input, this.others[name]));
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

  get ticker() {
    return market.tickers.get(this.leg.instrument_name);
  }

  /** Whether the entries of this leg are volatilities: of options alone, where the desk is set so. */
  get isVolatility() {
    return desk.entry === "volatility" && this.instrument?.kind === "option";
  }

  draw() {
    const { instrument, ticker } = this;
    if (!instrument) return;
    this.model = modelValue(instrument, ticker, market.surfaces.get(instrument.coin));
    const [quote, mark, volatility, model] = this.texts;
    setText(quote, `${format.exact(ticker?.bid_price)} / ${format.exact(ticker?.ask_price)}`);
    setText(mark, format.number(ticker?.mark_price, instrument.priceDecimals));
    setText(volatility, format.percent(this.model?.volatility ?? NaN));
    setText(model, this.model ? `${format.number(this.model.value, instrument.priceDecimals + 1)}${this.model.source === "mark" ? " mark" : ""}` : format.NOTHING);
    for (const name of SIDES) this.drawEntry(name, this.fields[name]);
  }

  drawEntry(name, field) {
    const { instrument } = this;
    const unit = this.isVolatility ? "implied volatility, percent" : "price";
    if (this.isVolatility) field.setStep(PERCENT_STEP, PERCENT_DECIMALS, "", PERCENT_ARROW);
    else field.setStep(instrument.tick_size, instrument.priceDecimals);
    setAttribute(field.input, "aria-label", `${name} of ${instrument.name}, ${unit}`);
    field.showProblem(field.input.value !== "" && field.problem !== "");
    setText(this.others[name], this.otherText(name));
  }

  /** The entry in the unit that it is not typed in; an estimate where the server makes the price. */
  otherText(name) {
    if (this.instrument.kind !== "option" || this.fields[name].problem) return "";
    if (this.isVolatility) return `≈ ${this.price(name) ?? format.NOTHING}`;
    const volatility = optionVolatility(Number(this.fields[name].value), this.instrument, this.ticker);
    return volatility === null ? "no IV" : format.percent(volatility, 2);
  }

  /** Around the model, by the spread of the desk, in the unit of the entry. */
  fill() {
    const { bid, ask } = this.isVolatility ? this.volatilitiesAround() : quoteByVega(this.model, this.ticker, desk.points, this.instrument);
    this.fields.bid.value = bid;
    this.fields.ask.value = ask;
  }

  /** Empty where the model has a value and no volatility. */
  volatilitiesAround() {
    if (!this.model.volatility) return { bid: "", ask: "" };
    const middle = this.model.volatility * 100;
    const bid = Math.max(middle - desk.points, Number(PERCENT_STEP));
    return { bid: roundToStep(bid, PERCENT_STEP, -1), ask: roundToStep(middle + desk.points, PERCENT_STEP, 1) };
  }

  /** What was typed in the other unit, in the unit that the desk is set to now. */
  convert() {
    for (const name of SIDES) {
      const field = this.fields[name];
      const typed = Number(field.value ?? NaN);
      if (this.instrument?.kind !== "option" || !(typed > 0)) continue;
      const found = this.isVolatility ? optionVolatility(typed, this.instrument, this.ticker) : optionPrice(typed / 100, this.instrument, this.ticker);
      const step = this.isVolatility ? PERCENT_STEP : this.instrument.tick_size;
      field.value = found === null ? "" : roundToStep(this.isVolatility ? found * 100 : found, step, name === "bid" ? -1 : 1);
    }
  }

  /** Price of an entry on the tick, or null: as it is typed, or what the model makes of the volatility at this instant. */
  price(name) {
    const field = this.fields[name];
    if (field.problem) return null;
    if (!this.isVolatility) return fixText(field.value, this.instrument?.priceDecimals ?? 0);
    const value = optionPrice(Number(field.value) / 100, this.instrument, this.ticker);
    const found = value === null ? null : roundToStep(value, this.instrument.tick_size, name === "bid" ? -1 : 1);
    return found !== null && compareText(found, "0") > 0 ? found : null;
  }

  /** Exact text of a volatility as a fraction a year, or null where the entry is a price. */
  volatility(name) {
    return this.isVolatility ? shiftText(this.fields[name].value, -2) : null;
  }

  /** Why a typed entry is not usable, or "". An empty one only leaves its side out. */
  get problem() {
    const wrong = Object.values(this.fields).find((field) => field.input.value.trim() !== "" && field.problem);
    return wrong ? wrong.problem : "";
  }
}
