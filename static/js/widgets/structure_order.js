/** "Trade as one order": the structure that is built, legged in our own books at one net price instead of asked for. */

import { commands } from "../feeds/session.js";
import { element, pressOnly, setDisabled, setText } from "../lib/dom.js";
import { shiftText } from "../lib/decimal.js";
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
/** name: title, value at the start, the least it may be where that is not above zero. */
const FIELDS = {
  net_price: ["Net price", "", -Infinity],
  legging_limit: ["Legging limit", "1"],
  legging_timeout_s: ["Alone at most, s", "5"],
  legging_slippage: ["Slippage", "0", 0],
};

export class StructureOrder {
  /** @param {{quantity: NumberField, blocked: (legs: object[]) => string, onInput: () => void}} owner */
  constructor({ quantity, blocked, onInput }) {
    this.quantity = quantity;
    this.blocked = blocked;
    this.onInput = onInput;
    this.side = "buy";
    this.lockedUntil = 0;
    this.sides = choice("Side of the order", [{ value: "buy", title: "Buy" }, { value: "sell", title: "Sell" }], (side) => this.choose(side));
    this.touch = element("p", { class: "structure-touch muted", role: "status" }, "");
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, [title, value, least]]) => [name, newField(title, value, { onInput, least })]));
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
    for (const name of ["net_price", "legging_slippage"]) setNetStep(this.fields[name], legs);
    this.fields.legging_limit.setStep(this.quantity.step, 0);
    const { bid, ask } = touchOf(legs);
    setText(this.touch, bid === null && ask === null ? "No touch of every leg" : `Legs trade at ${bid ?? "–"} / ${ask ?? "–"} net now`);
    const problem = this.problem(legs);
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || `${this.side === "buy" ? "Buy" : "Sell"} ${this.quantity.value} × ${legs.length} legs at ${this.fields.net_price.value} net`);
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
    const wrong = [this.quantity, ...Object.values(this.fields)].find((field) => field.problem);
    return this.blocked(legs) || (wrong?.problem ?? "");
  }

  /** As the command says it. */
  stated(legs) {
    const fields = Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.value]));
    const multileg = {
      ...fields,
      legs: legs.map(({ instrument_name, side, ratio }) => ({ instrument_name, side, ratio })),
      legging_timeout_s: Number(fields.legging_timeout_s),
      legging_rule: this.rule.input.value,
      time_in_force: this.time.input.value,
    };
    if (this.quoting.input.value) multileg.quoting_leg = this.quoting.input.value;
    return { type: "parent.stage", account_id: selection.accountId, instrument_name: legs[0].instrument_name, side: this.side, quantity: this.quantity.value, algo: "multileg", parameters: { multileg } };
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
    return this.say(`Order ${id} is ${started ? "started" : "staged: another person approves it"}. Follow it on the page Orders.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    this.message.dataset.kind = kind;
  }
}

/** Net prices at which all legs trade at their touch: buying pays ``ask``, selling takes ``bid``; null: a side is empty. */
export function touchOf(legs) {
  const net = (bought, sold) => netPrice(legs, legs.map((leg) => market.tickers.get(leg.instrument_name)?.[leg.side === "buy" ? bought : sold]), -1);
  return legs.length ? { bid: net("bid_price", "ask_price"), ask: net("ask_price", "bid_price") } : { bid: null, ask: null };
}

/** A field of a net price: the digits of the finest tick of the legs, arrow keys by the coarsest. */
export function setNetStep(field, legs) {
  const decimals = Math.max(0, ...legs.map((leg) => page.instrument(leg.instrument_name)?.priceDecimals ?? 0));
  const step = shiftText("1", -decimals);
  const currency = page.instrument(legs[0]?.instrument_name)?.quote_currency ?? "";
  field.setStep(step, decimals, currency, page.coarsest(legs, "tick_size") ?? step);
}

function newField(title, value, options) {
  const field = new NumberField(title, options);
  field.value = value;
  return field;
}
