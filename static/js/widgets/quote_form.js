/**
 * The maker's quote: per leg a bid and an ask, prefilled around the model, in premium or in implied volatility; the net
 * of premiums is their exact sum, of volatilities an estimate until the server prices them. Enter, or the one button,
 * sends what it states. Typing into a price keeps it from being prefilled again. What a trade would come to stands below.
 */

import { commands } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { msUntil } from "../lib/clock.js";
import { element, pressOnly, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { shiftText } from "../lib/decimal.js";
import { hedgeIndex, netPrice } from "../lib/structure.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { desk, ENTRIES, POINTS } from "../store/maker.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { BandLook } from "./band_look.js";
import { choice } from "./fields.js";
import { LastLooks } from "./last_looks.js";
import { refusalText } from "./notices.js";
import { QuoteLeg } from "./quote_leg.js";
import { QuotePreview } from "./quote_preview.js";
import { QuoteTerms } from "./quote_terms.js";
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
    this.entry = choice("Entry", ENTRIES, (entry) => desk.set({ entry }));
    this.terms = new QuoteTerms(this.entry);
    this.preview = new QuotePreview();
    this.band = new BandLook();
    this.looks = new LastLooks();
    this.form = element("form", { class: "quote-form", autocomplete: "off", onsubmit: (event) => this.send(event) }, ...this.parts());
    this.empty = element("p", { class: "panel-empty" }, "Choose a request to price it.");
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Quote"), element("span", { class: "panel-note" }, "Enter sends, arrows move by one tick")), this.looks.node, element("div", { class: "panel-body" }, this.form, this.empty));
  }

  parts() {
    const heads = ["Leg", "Market", "Mark", "Model IV", "Model", "Bid", "Ask"].map((title, i) => element("th", { scope: "col", class: i === 0 ? "left" : null }, title));
    const table = element("table", { class: "grid quote-legs" }, element("caption", { class: "hidden-text" }, "Prices by leg"), element("thead", {}, element("tr", {}, ...heads)), this.body);
    const spread = element("label", { class: "check", for: "quote-spread" }, "Spread");
    return [
      element("div", { class: "quote-head" }, this.heading, this.left, this.about),
      table,
      this.own,
      this.terms.node,
      element("div", { class: "quote-net" }, this.nets.bid.node, this.nets.ask.node),
      element("div", { class: "quote-actions" }, this.submit, this.now, this.cancel, this.refillButton, element("div", { class: "quote-spread" }, spread, this.spread, ...this.steps)),
      this.message,
      this.band.node,
      this.preview.node,
    ];
  }

  listen() {
    this.watch(selection, "rfqId", () => this.choose());
    this.watch(firm, ["rfqs", "protections", "loaded"]);
    this.watch(market, ["ticker", "surface"]);
    this.watch(connection, "change");
    this.watch(desk, "points", () => this.refill());
    this.watch(desk, "entry", () => this.changeEntry());
    this.every(200);
  }

  get rfq() {
    return firm.rfqs.get(selection.rfqId);
  }

  /** Another request: new legs, freshly prefilled, the cursor in the first price. */
  choose() {
    const { rfq } = this;
    this.forget();
    if (!rfq) return;
    this.legs = rfq.legs.map((leg, i) => new QuoteLeg(leg, i, () => this.typed()));
    this.body.replaceChildren(...this.legs.map((leg) => leg.node));
    this.isPrefilled = false;
    this.terms.clear();
    this.say("", null);
    invalidate(this);
  }

  /** Another intention: what was or will be refused of the one before is not offered any more. */
  forget() {
    this.band.forget();
    this.sent = null;
  }

  /** Another price is another intention, and nothing is sent twice. */
  typed() {
    this.forget();
    this.lockedUntil = 0;
    this.draw();
  }

  refill() {
    this.forget();
    for (const leg of this.legs ?? []) leg.isTouched = false;
    this.isPrefilled = false;
    invalidate(this);
  }

  /** Prefilled entries are prefilled in the other unit, typed ones are converted. */
  changeEntry() {
    const typed = (this.legs ?? []).filter((leg) => leg.isTouched);
    for (const leg of typed) leg.convert();
    this.isPrefilled = false;
    this.typed();
  }

  /** One key: every leg anew at the model and the spread that is shown, sent as it is then stated. */
  quoteNow() {
    this.refill();
    this.draw();
    if (!this.submit.disabled) this.form.requestSubmit();
  }

  draw() {
    const { rfq } = this;
    this.looks.draw();
    setChosen(this.spread, desk.points);
    pressOnly(this.entry, desk.entry);
    this.form.hidden = !rfq;
    this.empty.hidden = Boolean(rfq);
    if (!rfq || !this.legs) return;
    const leftMs = msUntil(rfq.expires_at_ns);
    setText(this.heading, `#${rfq.rfq_id}  ${rfq.structure}`);
    setText(this.left, rfq.state === "open" ? format.countdown(leftMs) : format.words(rfq.state));
    setAttribute(this.left, "data-urgent", String(leftMs < 10_000));
    setText(this.about, `${rfq.taker_name} asks ${rfq.side ? `to ${rfq.side}` : "two-way"} · ${unitsText(rfq.quantity)} · priced in ${rfq.quote_currency}`);
    for (const leg of this.legs) leg.draw();
    if (!this.isPrefilled) this.prefill();
    this.drawNets(rfq);
    this.preview.follow(rfq, { bid: this.side("bid"), ask: this.side("ask") });
    this.drawSubmit(rfq, leftMs);
  }

  prefill() {
    const models = this.legs.map((leg) => leg.model);
    if (models.some((model) => model === null)) return;
    this.isPrefilled = true;
    for (const leg of this.legs) if (!leg.isTouched) leg.fill();
  }

  /** The maker's bid takes the bid of each leg that the taker would sell, and the ask of each the taker would buy. */
  sideOf(field) {
    const { legs } = this.rfq;
    const taken = (leg) => (leg.side === "buy" ? field : field === "bid" ? "ask" : "bid");
    const prices = this.legs.map((leg, i) => (legs[i].is_hedge ? null : leg.price(taken(legs[i]))));
    const volatilities = this.legs.map((leg, i) => leg.volatility(taken(legs[i])));
    const isEstimate = volatilities.some((one) => one !== null);
    const fields = isEstimate ? { leg_prices: prices.map((one, i) => (volatilities[i] === null ? one : null)), leg_volatilities: volatilities } : { leg_prices: prices };
    return { fields, isEstimate, net: netPrice(legs, prices, hedgeIndex(legs)) };
  }

  drawNets(rfq) {
    for (const [field, net] of Object.entries(this.nets)) {
      const isAsked = rfq.side === null || rfq.side === (field === "bid" ? "sell" : "buy");
      const found = isAsked ? this.sideOf(field) : { net: null };
      net.stated = found.net === null ? null : found;
      setText(net.price, netText(found, rfq.quote_currency));
      setText(net.note, isAsked ? `for ${unitsText(rfq.quantity)}` : "not asked for");
    }
  }

  drawSubmit(rfq, leftMs) {
    const own = rfq.quotes[0];
    const problem = this.problem(rfq, leftMs);
    const verb = own ? `Replace v${own.version}` : "Send";
    const text = this.statement(rfq);
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || `${verb}: ${text}`);
    setText(this.own, own?.state === "filled" ? hitText(rfq, own) : ownText(own));
    setAttribute(this.own, "class", own?.state === "filled" ? "ok-text" : "muted");
    if (rfq.state !== "open" && this.message.dataset.kind === "good") this.say("", null);
    this.cancel.hidden = !own || own.state !== "active";
  }

  /** What goes out, in words: the prices, or of volatilities those of a single leg and what they come to. */
  statement(rfq) {
    const sides = ["bid", "ask"].map((field) => this.nets[field].stated);
    const prices = `${sides.map((side) => side?.net ?? "–").join(" / ")} ${rfq.quote_currency}`;
    if (!sides.some((side) => side?.isEstimate)) return prices;
    const typed = rfq.legs.length === 1 ? sides.map((side) => (side ? `${shiftText(side.fields.leg_volatilities[0], 2)} %` : "–")).join(" / ") : "volatilities";
    return `${typed}, ≈ ${prices}`;
  }

  /** One side as a message says it, or null where it is not quoted. */
  side(field) {
    return this.nets[field].stated?.fields ?? null;
  }

  problem(rfq, leftMs) {
    if (rfq.state !== "open") return `Request is ${format.words(rfq.state)}`;
    if (leftMs <= 0) return "Time is over";
    const frozen = rfq.legs.map((leg) => firm.protections.get(page.instrument(leg.instrument_name)?.coin)).find((view) => view?.frozen_at_ns);
    if (frozen) return `${frozen.coin} is frozen by the protection`;
    if (connection.problem) return connection.problem;
    const bad = this.legs.map((leg) => leg.problem).find((text) => text !== "");
    if (bad) return bad;
    return this.nets.bid.stated || this.nets.ask.stated ? "" : "Price at least one side";
  }

  async send(event) {
    event.preventDefault();
    this.draw();
    const { rfq } = this;
    if (!rfq || this.submit.disabled) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    this.forget();
    await this.quote({ type: "rfq.quote", rfq_id: rfq.rfq_id, account_id: selection.accountId, bid: this.side("bid"), ask: this.side("ask"), ...this.terms.fields });
  }

  /** A price far from the model is offered again, to be confirmed, exactly as it was stated. */
  async quote(message) {
    this.sent = message;
    this.say("Sent", "wait");
    const answer = await commands.send(message, (state) => state === "unknown" && this.say("Unknown, checking", "wait"));
    if (answer.type !== "command_refused") return this.say(`Quote ${answer.entity_id} stands for RFQ ${message.rfq_id}.`, "good");
    const isOffered = this.sent === message && this.band.take(answer, `Quote for RFQ ${message.rfq_id}`, (confirmed) => this.quote({ ...message, ...confirmed }));
    return this.say(isOffered ? `Refused: ${answer.reason}.` : `Refused. ${refusalText(answer)}`, "bad");
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

/** `1 unit`, `2.5 units`. */
function unitsText(quantity) {
  const text = format.short(quantity);
  return `${text} ${text === "1" ? "unit" : "units"}`;
}

function setChosen(select, value) {
  if (select.value !== String(value)) select.value = String(value);
}

function netText(found, currency) {
  return found.net === null ? format.NOTHING : `${found.isEstimate ? "≈ " : ""}${found.net} ${currency}`;
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
  const terms = `${unitsText(quote.quantity)}${quote.condition === "all_or_none" ? ", all or none" : ""}`;
  return `Your quote v${quote.version}: ${quote.bid ?? "–"} / ${quote.ask ?? "–"} for ${terms}, ${format.words(quote.outcome ?? quote.state)}${life}`;
}

function addNet(title, side) {
  const price = element("strong", {}, format.NOTHING);
  const note = element("span", { class: "muted" }, "");
  return { price, note, stated: null, node: element("div", { class: "net" }, element("span", { class: side }, title), price, note) };
}

customElements.define("parley-quote", QuoteForm);
