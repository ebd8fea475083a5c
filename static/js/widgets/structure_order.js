/** "Trade as one order": the structure that is built, legged in our own books at one net price instead of asked for. */

import { commands } from "../feeds/session.js";
import { element, pressOnly, setDisabled, setText } from "../lib/dom.js";
import { roundToStep } from "../lib/decimal.js";
import { netPrice } from "../lib/structure.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { choice, NumberField } from "./fields.js";
import { refusalText } from "./notices.js";
import { takesTwo } from "./ticket_algo.js";
import { select } from "./ticket_bracket.js";

const LEGS_MAX = 8;
const LOCK_MS = 800;
const RULES = { complete: "complete within the slippage", unwind: "unwind within the slippage" };
const TIMES = { gtc: "GTC", ioc: "IOC" };
/** name: title, value at the start. */
const FIELDS = {
  net_price: ["Net price", ""],
  legging_limit: ["Legging limit", "1"],
  legging_timeout_s: ["Alone at most, s", "5"],
  legging_slippage: ["Slippage", "0"],
};

export class StructureOrder {
  /** @param {{quantity: () => string | null, onInput: () => void}} owner */
  constructor({ quantity, onInput }) {
    this.quantity = quantity;
    this.onInput = onInput;
    this.side = "buy";
    this.lockedUntil = 0;
    this.sides = choice("Side of the order", [{ value: "buy", title: "Buy" }, { value: "sell", title: "Sell" }], (side) => this.choose(side));
    this.touch = element("p", { class: "structure-touch muted", role: "status" }, "");
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, [title, value]]) => [name, newField(title, value, onInput)]));
    this.quoting = select("order-quoting", "Resting leg", { "": "None: all at once" }, onInput);
    this.rule = select("order-rule", "Then", RULES, onInput);
    this.time = select("order-time", "Lasts", TIMES, onInput);
    this.submit = element("button", { class: "button button-primary", type: "button", onclick: () => this.send() }, "Trade as one order");
    this.message = element("p", { class: "message", role: "status" }, "");
    const inputs = [...Object.values(this.fields).map((field) => field.node), this.rule.node, this.quoting.node, this.time.node];
    this.node = element("details", { class: "ticket-terms structure-order" }, element("summary", {}, "Trade as one order"), this.touch, this.sides, element("div", { class: "ticket-row" }, ...inputs), this.submit, this.message);
  }

  choose(side) {
    this.side = side;
    this.onInput();
  }

  draw(legs) {
    pressOnly(this.sides, this.side);
    this.drawQuoting(legs);
    const { bid, ask } = touchOf(legs);
    setText(this.touch, bid === null && ask === null ? "No touch of every leg" : `Legs trade at ${bid ?? "–"} / ${ask ?? "–"} net now`);
    const problem = this.problem(legs);
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || `${this.side === "buy" ? "Buy" : "Sell"} ${this.quantity()} × ${legs.length} legs at ${this.fields.net_price.input.value.trim()} net`);
  }

  drawQuoting(legs) {
    const names = legs.map((leg) => leg.instrument_name);
    if (names.join() === this.names) return;
    this.names = names.join();
    const options = ["", ...names].map((name) => element("option", { value: name }, name || "None: all at once"));
    this.quoting.input.replaceChildren(...options);
  }

  problem(legs) {
    if (legs.length < 2) return "An order has two legs or more";
    if (legs.length > LEGS_MAX) return `An order has at most ${LEGS_MAX} legs`;
    if (legs.some((leg) => leg.is_hedge)) return "A hedge leg takes a request for quotes";
    if (!this.quantity()) return "Type a quantity";
    if (!/^-?\d+(\.\d+)?$/.test(this.fields.net_price.input.value.trim())) return "Type a net price";
    return "";
  }

  /** As the command says it. */
  stated(legs) {
    const fields = Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.input.value.trim()]));
    const multileg = {
      ...fields,
      legs: legs.map(({ instrument_name, side, ratio }) => ({ instrument_name, side, ratio })),
      legging_timeout_s: Number(fields.legging_timeout_s),
      legging_rule: this.rule.input.value,
      time_in_force: this.time.input.value,
    };
    if (this.quoting.input.value) multileg.quoting_leg = this.quoting.input.value;
    return { type: "parent.stage", account_id: selection.accountId, instrument_name: legs[0].instrument_name, side: this.side, quantity: this.quantity(), algo: "multileg", parameters: { multileg } };
  }

  async send() {
    const { legs } = selection;
    if (this.problem(legs) || performance.now() < this.lockedUntil) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    this.say("Sent", "wait");
    const unknown = (state) => state === "unknown" && this.say("Unknown, checking", "wait");
    const staged = await commands.send(this.stated(legs), unknown);
    if (staged.type === "command_refused") return this.say(`Refused. ${refusalText(staged)}`, "bad");
    const id = staged.entity_id;
    const started = takesTwo() ? null : await commands.send({ type: "parent.start", parent_order_id: id }, unknown);
    if (started?.type === "command_refused") return this.say(`Order ${id} is staged. ${refusalText(started)}`, "wait");
    return this.say(`Order ${id} is ${started ? "started" : "staged: another person approves it"}. It is led on the page Orders.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    this.message.dataset.kind = kind;
  }
}

/** Net prices at which all legs trade at their touch: buying pays ``ask``, selling takes ``bid``; null: a side is empty. */
export function touchOf(legs) {
  const of = (field) => legs.map((leg) => {
    const instrument = page.instrument(leg.instrument_name);
    const price = market.tickers.get(leg.instrument_name)?.[leg.side === "buy" ? field : OTHER[field]];
    return instrument && price ? roundToStep(price, instrument.tick_size) : null;
  });
  return { bid: netPrice(legs, of("bid_price"), -1), ask: netPrice(legs, of("ask_price"), -1) };
}

const OTHER = { bid_price: "ask_price", ask_price: "bid_price" };

function newField(title, value, onInput) {
  const field = new NumberField(title, { onInput });
  field.tidy = () => {};
  field.input.value = value;
  return field;
}
