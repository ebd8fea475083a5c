/**
 * The order ticket. Its button states side, size, instrument, price and time in force, and the command that leaves
 * carries exactly those strings: what was confirmed is what is sent. A double click, or Enter and a click, is one order.
 */

import { commands, newCommandId } from "../feeds/orders.js";
import { commands as session } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { element, pressOnly, setAttribute, setDisabled, setText } from "../lib/dom.js";
import { fixText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { connection } from "../store/connection.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { choice, NumberField } from "./fields.js";
import { MarginPreview } from "./margin_preview.js";
import { refusalText } from "./notices.js";
import { SoftLimit } from "./soft_limit.js";
import { TicketAlgo } from "./ticket_algo.js";
import { TicketBracket } from "./ticket_bracket.js";
import { priceNeed, TicketTerms } from "./ticket_terms.js";
import { amendment, keep, kept, unitOf, valueText } from "./ticket_value.js";
import { BEST, keepToVenues, TicketVenue } from "./ticket_venue.js";
import { Widget } from "./widget.js";

const LOCK_MS = 600;
const START = { side: "buy", orderType: "limit", timeInForce: "gtc", isPostOnly: false, isReduceOnly: false, trigger: "last_trade", pegReference: "mid", selfMatch: "cancel_newest", venue: "" };
const VERBS = { buy: "Buy", sell: "Sell" };
const WHAT = { route: "Route", split: "Split order" };

class Ticket extends Widget {
  build() {
    this.state = { ...START, ...kept() };
    this.amended = null;
    this.lockedUntil = 0;
    this.buildFields();
    this.name = element("b", {}, "Choose an instrument");
    this.quote = element("span", { class: "muted" }, "");
    this.submit = element("button", { class: "submit", type: "submit" }, " ");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.value = element("dd", {}, format.NOTHING);
    this.multiplier = element("dd", {}, format.NOTHING);
    this.margin = new MarginPreview({ any: "Margin after" });
    this.softLimit = new SoftLimit((stated) => this.send(stated));
    this.form = element("form", { class: "ticket", autocomplete: "off", onsubmit: (event) => this.place(event) }, ...this.rows());
    this.submit.addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Order")), this.form);
  }

  buildFields() {
    const changed = () => this.changed();
    this.quantity = new NumberField("Size", { onInput: changed });
    this.price = new NumberField("Price", { onInput: changed });
    this.sides = choice("Side", [{ value: "buy", title: "Buy", side: "buy" }, { value: "sell", title: "Sell", side: "sell" }], (side) => this.choose({ side }));
    this.types = choice("Order type", [{ value: "limit", title: "Limit" }, { value: "market", title: "Market" }], (orderType) => this.choose({ orderType }));
    this.times = choice("Time in force", [{ value: "gtc", title: "GTC" }, { value: "ioc", title: "IOC" }], (timeInForce) => this.choose({ timeInForce }));
    this.postOnly = element("input", { type: "checkbox", onchange: () => this.choose({ isPostOnly: this.postOnly.checked }) });
    this.algo = new TicketAlgo({ onChoose: (changes) => this.choose(changes), onInput: changed });
    this.bracket = new TicketBracket({ onChoose: (changes) => this.choose(changes), onInput: changed });
    this.terms = new TicketTerms({ onChoose: (changes) => this.choose(changes), onInput: changed });
    this.venue = new TicketVenue((changes) => this.choose(changes));
    this.leave = element("button", { class: "button button-small", type: "button", hidden: true, onclick: () => this.amend(null) }, "New order");
    this.fill();
  }

  /** What was typed before the page was loaded again. */
  fill() {
    this.quantity.input.dataset.field = "size";
    this.price.input.dataset.field = "price";
    this.quantity.value = this.state.quantity ?? "";
    this.price.value = this.state.price ?? "";
  }

  rows() {
    this.post = element("label", { class: "check" }, this.postOnly, "Post only");
    const facts = element("dl", { class: "facts" }, element("dt", {}, "Value"), this.value, element("dt", {}, "Contract"), this.multiplier);
    return [
      element("div", { class: "ticket-instrument" }, this.name, this.quote),
      this.venue.node,
      this.sides,
      element("div", { class: "ticket-row" }, this.types, this.times),
      element("div", { class: "ticket-row" }, this.quantity.node, this.price.node),
      element("div", { class: "ticket-instrument" }, this.post, this.leave),
      this.terms.node,
      this.bracket.node,
      this.algo.node,
      facts,
      this.margin.node,
      this.submit,
      this.message,
      this.softLimit.node,
    ];
  }

  listen() {
    this.watch(selection, "seed", (seed) => this.seed(seed));
    this.watch(selection, "amend", (order) => this.amend(order));
    this.watch(selection, "instrument", () => this.moved());
    this.watch(selection, "accountId", () => this.preview());
    this.watch(page, "instruments", () => this.preview());
    this.watch(connection, "change");
    this.every(300);
    this.ends.push(commands.onTicketState((text, kind) => this.say(text, kind)));
    this.ends.push(commands.onSoftLimit((refused) => this.softLimit.offer(refused)));
  }

  seed({ side, price }) {
    if (price) this.price.value = price;
    this.choose({ side, orderType: "limit" });
    this.quantity.input.focus();
  }

  choose(changes) {
    Object.assign(this.state, changes);
    const { orderType, timeInForce } = this.state;
    if (orderType === "market" && timeInForce !== "fok") this.state.timeInForce = "ioc";
    keepToVenues(this.state);
    this.changed();
  }

  /** Takes a working order's size and price into the ticket; null: back to new orders. */
  amend(order) {
    this.amended = order;
    if (order) {
      this.quantity.value = order.quantity;
      this.price.value = order.price ?? "";
      this.choose({ side: order.side, orderType: order.order_type, timeInForce: order.time_in_force });
      this.quantity.input.focus();
    } else this.changed();
  }

  moved() {
    if (this.amended && this.amended.instrument_name !== selection.instrument) this.amended = null;
    this.changed();
  }

  /** A new intention: it gets an id of its own, and is stated at once, so that Enter sends what is typed. */
  changed() {
    this.commandId = newCommandId();
    this.lockedUntil = 0;
    this.softLimit.forget();
    keep({ ...this.state, quantity: this.quantity.input.value, price: this.price.input.value });
    this.preview();
    this.draw();
  }

  preview() {
    this.margin.ask(this.structure(), [this.state.side]);
    invalidate(this);
  }

  structure() {
    const instrument = page.instrument(selection.instrument);
    if (!instrument || this.quantity.problem) return null;
    const leg = { instrument_name: instrument.name, side: "buy", ratio: 1 };
    return { legs: [leg], quantity: this.quantity.value };
  }

  draw() {
    const instrument = page.instrument(selection.instrument);
    const { side, orderType, timeInForce, isPostOnly } = this.state;
    const mayPost = orderType === "limit" && timeInForce !== "ioc" && timeInForce !== "fok";
    pressOnly(this.sides, side);
    pressOnly(this.types, orderType);
    pressOnly(this.times, timeInForce);
    this.postOnly.checked = isPostOnly && mayPost;
    setDisabled(this.postOnly, !mayPost || Boolean(this.amended));
    setDisabled(this.price.input, priceNeed(orderType) === "no" && !this.isAlgo);
    this.drawAmended();
    this.venue.draw(this.state, this.wanted(instrument));
    this.terms.draw(this.state, instrument);
    this.algo.draw(this.state, instrument);
    this.bracket.draw(this.state, instrument);
    for (const button of this.times.querySelectorAll("button")) setDisabled(button, orderType === "market");
    if (instrument) this.drawInstrument(instrument);
    this.drawSubmit(instrument);
  }

  /** Side, type and terms of an order that works stay what they are; an algorithm chooses type and time by itself. */
  drawAmended() {
    this.leave.hidden = !this.amended;
    const { algo, bracket, venue } = this.state;
    this.venue.node.hidden = Boolean(this.amended || bracket);
    this.terms.node.hidden = Boolean(this.amended || algo || venue || bracket);
    this.algo.node.hidden = Boolean(this.amended || venue === BEST || bracket);
    this.bracket.node.hidden = Boolean(this.amended || venue || algo);
    this.sides.hidden = Boolean(this.amended);
    for (const group of [this.types, this.times, this.post]) group.hidden = Boolean(this.amended || this.state.algo);
  }

  drawInstrument(instrument) {
    const ticker = market.tickers.get(instrument.name);
    setText(this.name, instrument.name);
    setText(this.quote, `${format.exact(ticker?.bid_price)} / ${format.exact(ticker?.ask_price)}`);
    this.quantity.setStep(instrument.lot_size, instrument.quantityDecimals, unitOf(instrument));
    this.price.setStep(instrument.tick_size, instrument.priceDecimals, this.isAlgo ? `cap, ${instrument.quote_currency}` : instrument.quote_currency);
    setText(this.multiplier, `${format.short(instrument.multiplier)} ${instrument.kind !== "option" && instrument.is_inverse ? "USD" : instrument.coin}`);
    setText(this.value, valueText(instrument, ticker, Number(this.quantity.value), this.typedPrice));
  }

  /** NaN where nothing is typed, or the order has no price. */
  get typedPrice() {
    return priceNeed(this.state.orderType) !== "no" && this.price.input.value !== "" ? Number(this.price.value) : NaN;
  }

  /** What the button says, and what is sent if it is pressed now. */
  drawSubmit(instrument) {
    const blocked = this.blocked(instrument);
    const isLocked = performance.now() < this.lockedUntil;
    setAttribute(this.submit, "data-side", this.state.side);
    setDisabled(this.submit, blocked !== "" || isLocked);
    this.stated = blocked ? null : this.statement(instrument);
    setText(this.submit, blocked || (isLocked ? "Sent" : this.stated.text));
    this.quantity.showProblem(this.quantity.input.value !== "" && this.quantity.problem !== "");
    this.price.showProblem(priceNeed(this.state.orderType) !== "no" && this.price.input.value !== "" && this.price.problem !== "");
  }

  /** Why nothing can be sent now, or "". */
  blocked(instrument) {
    if (!instrument) return "Choose an instrument";
    if (!selection.accountId) return "No account";
    if (connection.problem) return connection.problem;
    if (market.isStale(instrument.name)) return "Price is stale: trading blocked";
    if (this.isBracket) return this.quantity.problem || (this.state.bracket === "oco" ? "" : this.priceProblem) || this.bracket.problem(this.state);
    if (this.isAlgo) return this.quantity.problem || (this.price.input.value.trim() && this.price.problem) || this.algo.problem(this.state);
    return this.quantity.problem || this.priceProblem || (this.amended ? "" : this.termsProblem());
  }

  termsProblem() {
    if (this.state.venue === BEST) return this.venue.problem();
    return this.state.venue ? "" : this.terms.problem(this.state);
  }

  /** What a plan over the venues is asked for, or null. */
  wanted(instrument) {
    if (!instrument || this.quantity.problem || this.price.problem) return null;
    return { quantity: this.quantity.value, price: fixText(this.price.value, instrument.priceDecimals), side: this.state.side };
  }

  /** Whether an algorithm is to work it, in place of a single order. */
  get isAlgo() {
    return Boolean(this.state.algo) && !this.amended;
  }

  get isBracket() {
    return Boolean(this.state.bracket) && !this.amended;
  }

  get priceProblem() {
    const need = priceNeed(this.state.orderType);
    if (need === "no" || (need === "may" && this.price.input.value.trim() === "")) return "";
    return this.price.problem;
  }

  /** The price as it is sent, or null. */
  priceText(instrument) {
    const need = priceNeed(this.state.orderType);
    if (need === "no" || this.price.input.value.trim() === "") return null;
    return fixText(this.price.value, instrument.priceDecimals);
  }

  statement(instrument) {
    const [quantity, price] = [this.quantity.value, this.priceText(instrument)];
    if (this.amended) return amendment(this.amended, instrument, { command_id: this.commandId, quantity, price });
    const { side, orderType, timeInForce } = this.state;
    const whole = { command_id: this.commandId, account_id: selection.accountId, instrument_name: instrument.name, side, quantity };
    if (this.isAlgo) return this.algo.statement(whole, this.state, instrument, this.price);
    if (this.isBracket) return this.bracket.statement(whole, this.state, instrument, price);
    const isPostOnly = this.postOnly.checked;
    const usual = { ...whole, price };
    if (this.state.venue) return this.venue.statement(usual, this.state, instrument, isPostOnly);
    const at = price === null ? "at market" : `at ${price} ${instrument.quote_currency}`;
    const terms = this.terms.words(this.state);
    const text = `${VERBS[side]} ${quantity} ${instrument.name} ${at} ${timeInForce.toUpperCase()}${isPostOnly ? " post-only" : ""}${terms ? ` (${terms})` : ""}`;
    const kind = { type: "order.place", order_type: orderType, time_in_force: timeInForce, is_post_only: isPostOnly };
    const message = { ...usual, ...kind, ...this.terms.fields(this.state, instrument) };
    return Object.freeze({ text, message: Object.freeze(message) });
  }

  /** Sends what the button states, once; the next order needs a change or a moment. */
  place(event) {
    event.preventDefault();
    const stated = this.stated;
    if (!stated || performance.now() < this.lockedUntil) return;
    this.commandId = newCommandId();
    this.lockedUntil = performance.now() + LOCK_MS;
    this.stated = null;
    this.draw();
    this.softLimit.forget();
    this.quantity.input.focus();
    this.send(stated);
  }

  send(stated) {
    this.say(`Sent: ${stated.text}`, "wait");
    if (stated.message.type === "parent.stage") {
      session.send(stated.message).then((answer) => this.staged(stated, answer));
      return;
    }
    commands.place(stated).then((answer) => this.answered(stated, answer));
  }

  answered(stated, answer) {
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else {
      this.say(`${WHAT[answer.entity] ?? "Order"} ${answer.entity_id} accepted: ${stated.text}`, "good");
      if (this.amended && stated.message.type.endsWith(".amend")) this.amend(null);
    }
  }

  /** Staged; started with the same click unless it is to wait, or for another person. */
  async staged(stated, answer) {
    if (answer.type === "command_refused") {
      this.say(`Refused. ${refusalText(answer)}`, "bad");
      return;
    }
    const id = answer.entity_id;
    const started = stated.starts ? await session.send({ type: "parent.start", parent_order_id: id }) : null;
    if (started?.type === "command_refused") this.say(`Parent order ${id} is staged. ${refusalText(started)}`, "wait");
    else this.say(`Parent order ${id} ${started ? "started" : "staged"}: ${stated.text}`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

customElements.define("parley-ticket", Ticket);
