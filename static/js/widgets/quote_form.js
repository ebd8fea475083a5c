/**
 * The maker's quote: per leg a bid and an ask, prefilled around the model; the net is their exact sum. Enter, or the one
 * button, sends what it states. Typing into a price keeps it from being prefilled again.
 */

import { commands } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { msUntil } from "../lib/clock.js";
import { element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { quoteByVega } from "../lib/model.js";
import { hedgeIndex, netPrice } from "../lib/structure.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { desk, POINTS } from "../store/maker.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { QuoteLeg } from "./quote_leg.js";
import { LastLookBar, QuoteTerms } from "./quote_terms.js";
import { Widget } from "./widget.js";

const LOCK_MS = 500;
class QuoteForm extends Widget {
  build() {
    this.lockedUntil = 0;
    this.heading = element("b", {}, "Choose a request");
    this.left = element("span", { class: "countdown", role: "timer" }, "");
    this.about = element("span", { class: "muted" }, "");
    this.own = element("p", { class: "muted" }, "");
    this.spread = element("select", { class: "input input-small", id: "quote-spread", onchange: () => desk.set({ points: Number(this.spread.value) }) }, ...POINTS.map((points) => element("option", { value: points }, `± ${points} vol`)));
    this.steps = [["narrower", "−", -1], ["wider", "+", 1]].map(([name, text, step]) => element("button", { class: "button button-small", type: "button", "data-do": name, "aria-label": `${name} spread`, onclick: () => desk.move(step) }, text));
    this.now = element("button", { class: "button", type: "button", "data-do": "quote", onclick: () => this.quoteNow() }, "Quote model ± spread");
    this.body = element("tbody");
    this.nets = { bid: addNet("You buy at", "buy"), ask: addNet("You sell at", "sell") };
    this.submit = element("button", { class: "button button-primary", type: "submit" }, "Send quote");
    this.cancel = element("button", { class: "button", type: "button", "data-do": "withdraw", onclick: () => this.withdraw() }, "Cancel quote");
    this.refillButton = element("button", { class: "button", type: "button", onclick: () => this.refill() }, "Prefill from model");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.terms = new QuoteTerms();
    this.look = new LastLookBar((text, kind) => this.say(text, kind));
    this.form = element("form", { class: "quote-form", autocomplete: "off", onsubmit: (event) => this.send(event) }, ...this.parts());
    this.empty = element("p", { class: "panel-empty" }, "Choose a request to price it.");
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Quote"), element("span", { class: "panel-note" }, "Enter sends, arrows move by one tick")), element("div", { class: "panel-body" }, this.form, this.empty));
  }

  parts() {
    const heads = ["Leg", "Market", "Mark", "Model IV", "Model", "Bid", "Ask"].map((title, i) => element("th", { scope: "col", class: i === 0 ? "left" : null }, title));
    const table = element("table", { class: "grid quote-legs" }, element("caption", { class: "hidden-text" }, "Prices by leg"), element("thead", {}, element("tr", {}, ...heads)), this.body);
    const spread = element("label", { class: "check", for: "quote-spread" }, "Spread");
    return [
      element("div", { class: "quote-head" }, this.heading, this.left, this.about),
      table,
      this.own,
      this.look.node,
      this.terms.node,
      element("div", { class: "quote-net" }, this.nets.bid.node, this.nets.ask.node),
      element("div", { class: "quote-actions" }, this.submit, this.now, this.cancel, this.refillButton, spread, element("div", {}, this.spread), ...this.steps),
      this.message,
    ];
  }

  listen() {
    this.watch(selection, "rfqId", () => this.choose());
    this.watch(firm, ["rfqs", "loaded"]);
    this.watch(market, ["ticker", "surface"]);
    this.watch(connection, "change");
    this.watch(desk, "points", () => this.refill());
    this.every(200);
  }

  get rfq() {
    return firm.rfqs.get(selection.rfqId);
  }

  /** Another request: new legs, freshly prefilled, the cursor in the first price. */
  choose() {
    const { rfq } = this;
    if (!rfq) return;
    this.legs = rfq.legs.map((leg, i) => new QuoteLeg(leg, i, () => invalidate(this)));
    this.body.replaceChildren(...this.legs.map((leg) => leg.node));
    this.isPrefilled = false;
    this.terms.clear();
    this.say("", null);
    invalidate(this);
  }

  refill() {
    for (const leg of this.legs ?? []) leg.isTouched = false;
    this.isPrefilled = false;
    invalidate(this);
  }

  /** One key: every leg anew at the model and the spread that is shown, sent as it is then stated. */
  quoteNow() {
    this.refill();
    this.draw();
    if (!this.submit.disabled) this.form.requestSubmit();
  }

  draw() {
    const { rfq } = this;
    setChosen(this.spread, desk.points);
    this.form.hidden = !rfq;
    this.empty.hidden = Boolean(rfq);
    if (!rfq || !this.legs) return;
    const leftMs = msUntil(rfq.expires_at_ns);
    setText(this.heading, `#${rfq.rfq_id}  ${rfq.structure}`);
    setText(this.left, rfq.state === "open" ? format.countdown(leftMs) : format.words(rfq.state));
    setAttribute(this.left, "data-urgent", String(leftMs < 10_000));
    setText(this.about, `${rfq.taker_name} asks ${rfq.side ? `to ${rfq.side}` : "two-way"} · ${format.short(rfq.quantity)} units · priced in ${rfq.quote_currency}`);
    for (const leg of this.legs) leg.draw();
    if (!this.isPrefilled) this.prefill();
    this.drawNets(rfq);
    this.drawSubmit(rfq, leftMs);
    this.look.draw(rfq, rfq.quotes[0]);
  }

  prefill() {
    const models = this.legs.map((leg) => leg.model);
    if (models.some((model) => model === null)) return;
    this.isPrefilled = true;
    for (const leg of this.legs) if (!leg.isTouched) leg.fill(quoteByVega(leg.model, market.tickers.get(leg.leg.instrument_name), desk.points, leg.instrument));
  }

  /** The maker's bid takes the bid of each leg that the taker would sell, and the ask of each the taker would buy. */
  sideOf(field) {
    const { legs } = this.rfq;
    const taken = (leg) => (leg.side === "buy" ? field : field === "bid" ? "ask" : "bid");
    const prices = this.legs.map((leg, i) => (legs[i].is_hedge ? null : leg.price(taken(legs[i]))));
    return { prices, net: netPrice(legs, prices, hedgeIndex(legs)) };
  }

  drawNets(rfq) {
    for (const [field, net] of Object.entries(this.nets)) {
      const isAsked = rfq.side === null || rfq.side === (field === "bid" ? "sell" : "buy");
      const found = isAsked ? this.sideOf(field) : { prices: null, net: null };
      net.stated = found.net === null ? null : found;
      setText(net.price, found.net === null ? format.NOTHING : `${found.net} ${rfq.quote_currency}`);
      setText(net.note, isAsked ? `for ${format.short(rfq.quantity)} units` : "not asked for");
    }
  }

  drawSubmit(rfq, leftMs) {
    const own = rfq.quotes[0];
    const problem = this.problem(rfq, leftMs);
    const verb = own ? `Replace v${own.version}` : "Send";
    const text = ["bid", "ask"].map((field) => this.nets[field].stated?.net ?? "–").join(" / ");
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || `${verb}: ${text} ${rfq.quote_currency}`);
    setText(this.own, own?.state === "filled" ? hitText(rfq, own) : ownText(own));
    setAttribute(this.own, "class", own?.state === "filled" ? "ok-text" : "muted");
    if (rfq.state !== "open" && this.message.dataset.kind === "good") this.say("", null);
    this.cancel.hidden = !own || own.state !== "active";
  }

  problem(rfq, leftMs) {
    if (rfq.state !== "open") return `Request is ${format.words(rfq.state)}`;
    if (leftMs <= 0) return "Time is over";
    if (connection.state === "offline" || connection.state === "connecting") return `Not connected (${connection.state})`;
    const bad = this.legs.map((leg) => leg.problem).find((text) => text !== "");
    if (bad) return bad;
    return this.nets.bid.stated || this.nets.ask.stated ? "" : "Price at least one side";
  }

  async send(event) {
    event.preventDefault();
    const { rfq } = this;
    if (!rfq || this.submit.disabled || performance.now() < this.lockedUntil) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    const side = (field) => (this.nets[field].stated ? { leg_prices: this.nets[field].stated.prices } : null);
    const message = { type: "rfq.quote", rfq_id: rfq.rfq_id, account_id: selection.accountId, bid: side("bid"), ask: side("ask"), ...this.terms.fields };
    this.say("Sent", "wait");
    const answer = await commands.send(message, (state) => state === "unknown" && this.say("Unknown, checking", "wait"));
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`Quote ${answer.entity_id} stands for RFQ ${rfq.rfq_id}.`, "good");
  }

  async withdraw() {
    const quote = this.rfq?.quotes[0];
    if (!quote) return;
    const answer = await commands.send({ type: "rfq.cancel_quote", quote_id: quote.quote_id });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`Quote ${quote.quote_id} canceled.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

function setChosen(select, value) {
  if (select.value !== String(value)) select.value = String(value);
}

/** What the maker did by being hit: the other side of what the taker took. */
function hitText(rfq, quote) {
  const verb = rfq.accepted_side === "buy" ? "sold" : "bought";
  return `Your quote v${quote.version} was hit: you ${verb} ${format.short(quote.filled_quantity)} × ${rfq.structure} at ${rfq.traded_price} ${rfq.quote_currency}`;
}

/** The quote that stands, in words. */
function ownText(quote) {
  if (!quote) return "You have no quote here yet.";
  const life = quote.state === "active" ? `, ${format.countdown(msUntil(quote.expires_at_ns))} left` : "";
  const terms = `${format.short(quote.quantity)} units${quote.condition === "all_or_none" ? ", all or none" : ""}`;
  return `Your quote v${quote.version}: ${quote.bid ?? "–"} / ${quote.ask ?? "–"} for ${terms}, ${format.words(quote.outcome ?? quote.state)}${life}`;
}

function addNet(title, side) {
  const price = element("strong", {}, format.NOTHING);
  const note = element("span", { class: "muted" }, "");
  return { price, note, stated: null, node: element("div", { class: "net" }, element("span", { class: side }, title), price, note) };
}

customElements.define("parley-quote", QuoteForm);
