/**
 * The Bracket part of the ticket: an order with its exits, or two orders of which one trades. It says what it adds twice,
 * in words for the button and as fields for the command, from the same values.
 */

import { fixText } from "../lib/decimal.js";
import { element, setText } from "../lib/dom.js";
import { NumberField } from "./fields.js";

export const KINDS = { oto: "OTO: order, then one exit", otoco: "OTOCO: order, then both exits", oco: "OCO: two exits of a position" };
const TRIGGERS = { mark: "Mark", last_trade: "Trade of others" };
const PRICES = { take_profit: "Take profit", stop_loss: "Stop loss", stop_limit: "Limit of the stop" };
const VERBS = { buy: "Buy", sell: "Sell" };

export class TicketBracket {
  /** @param {{onChoose: (changes: object) => void, onInput: () => void}} listeners */
  constructor({ onChoose, onInput }) {
    this.kind = select("ticket-bracket", "Bracket", { "": "None: one order", ...KINDS }, () => onChoose({ bracket: this.kind.input.value, algo: "", venue: "" }));
    this.trigger = select("ticket-bracket-trigger", "Stop reached by", TRIGGERS, onInput);
    this.fields = Object.fromEntries(Object.entries(PRICES).map(([name, title]) => [name, new NumberField(title, { onInput })]));
    this.summary = element("summary", {}, "Bracket");
    const prices = Object.values(this.fields).map((field) => field.node);
    this.node = element("details", { class: "ticket-terms" }, this.summary, element("div", { class: "ticket-row" }, this.kind.node, ...prices, this.trigger.node));
  }

  draw({ bracket = "" }, instrument) {
    this.kind.input.value = bracket;
    setText(this.summary, bracket ? `Bracket: ${bracket.toUpperCase()}` : "Bracket");
    for (const node of [...Object.values(this.fields).map((field) => field.node), this.trigger.node]) node.hidden = !bracket;
    if (!instrument) return;
    for (const field of Object.values(this.fields)) field.setStep(instrument.tick_size, instrument.priceDecimals, instrument.quote_currency);
  }

  /** Why it cannot be sent, or "". */
  problem({ bracket }) {
    const used = Object.values(this.fields).filter((field) => field.input.value.trim() !== "");
    const wrong = used.find((field) => field.problem);
    if (wrong) return wrong.problem;
    const exits = [this.fields.take_profit, this.fields.stop_loss].filter((field) => used.includes(field)).length;
    if (bracket === "oto") return exits === 1 ? "" : "An OTO has a take profit or a stop loss.";
    return exits === 2 ? "" : `An ${bracket.toUpperCase()} has a take profit and a stop loss.`;
  }

  /** What the button states and the command carries; `price`: the entry's, or null at market. */
  statement(whole, { bracket, side }, instrument, price) {
    const parts = { kind: bracket, trigger: this.trigger.input.value };
    if (bracket !== "oco" && price !== null) parts.entry_price = price;
    for (const [name, field] of Object.entries(this.fields)) if (field.input.value.trim() !== "") parts[name] = fixText(field.value, instrument.priceDecimals);
    const at = bracket === "oco" ? "" : price === null ? " at market" : ` at ${price} ${instrument.quote_currency}`;
    const exits = [parts.take_profit && `profit ${parts.take_profit}`, parts.stop_loss && `stop ${parts.stop_loss}${parts.stop_limit ? ` limit ${parts.stop_limit}` : ""}`];
    const text = `${VERBS[side]} ${whole.quantity} ${whole.instrument_name}${at}, ${bracket.toUpperCase()}: ${exits.filter(Boolean).join(", ")}`;
    const message = { type: "parent.stage", ...whole, algo: "bracket", parameters: { bracket: parts } };
    return Object.freeze({ text, message: Object.freeze(message), starts: true });
  }
}

/** A labelled choice. */
export function select(id, title, options, onchange) {
  const input = element("select", { class: "input", id, onchange }, ...Object.entries(options).map(([value, text]) => element("option", { value }, text)));
  return { input, node: element("div", { class: "field" }, element("label", { for: id }, title), input) };
}
