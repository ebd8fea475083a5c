/**
 * One request as its taker sees it. Before the grace has ended there is no quote in the document, because the server
 * sends none. The countdown follows the server's clock; at zero the buttons are dead, whatever the browser believes, and
 * so they are while the line is down: what they state may be gone.
 */

import { commands } from "../feeds/session.js";
import { msUntil } from "../lib/clock.js";
import { arrange, element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { bestQuote, legsText, outcomeText } from "../lib/structure.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { BandLook } from "./band_look.js";
import { notify, refusalText } from "./notices.js";
import { RfqOutcomes } from "./rfq_outcomes.js";
import { RfqPool } from "./rfq_pool.js";
import { RfqPreview } from "./rfq_preview.js";

const URGENT_MS = 10_000;
const ANNOUNCE_MS = 2000;
const ACCEPT_LOCK_MS = 3000;
const SIDES = [
  { field: "bid", side: "sell", verb: "Sell", words: "You sell at" },
  { field: "ask", side: "buy", verb: "Buy", words: "You buy at" },
];

export class RfqCard {
  constructor() {
    this.title = element("b", {}, "");
    this.state = element("span", { class: "state tag" }, "");
    this.left = element("span", { class: "countdown", role: "timer" }, "");
    this.cancel = element("button", { class: "button button-small", type: "button", onclick: () => this.withdraw() }, "Cancel");
    this.legs = element("div", { class: "muted" }, "");
    this.phase = element("div", { class: "message" }, "");
    this.passed = element("div", { class: "muted" }, "");
    this.body = element("tbody");
    this.spoken = element("p", { class: "hidden-text", "aria-live": "polite" }, "");
    this.heads = Object.fromEntries(SIDES.map(({ field, words }) => [field, element("th", { scope: "col" }, words)]));
    this.table = element("table", { class: "quotes-table" }, element("caption", { class: "hidden-text" }, "Quotes, best first"), this.head(), this.body);
    this.band = new BandLook();
    this.pool = new RfqPool(this.band);
    this.outcomes = new RfqOutcomes();
    this.node = element("article", { class: "rfq-card" }, element("div", { class: "rfq-top" }, this.title, this.state, this.left, this.cancel), this.legs, this.phase, this.passed, this.band.node, this.table, this.pool.node, this.outcomes.node, this.spoken);
    this.preview = null;
    this.rows = new Map();
    this.lockedUntil = 0;
    this.announcedAt = -ANNOUNCE_MS;
  }

  draw(rfq) {
    this.rfq = rfq;
    const lifeMs = Math.round((rfq.expires_at_ns - rfq.created_at_ns) / 1e6);
    const leftMs = Math.min(msUntil(rfq.expires_at_ns), lifeMs);
    const isOpen = rfq.state === "open" && leftMs > 0;
    setAttribute(this.node, "data-closed", String(rfq.state !== "open" && rfq.state !== "pending_fill"));
    setText(this.title, `#${rfq.rfq_id}  ${rfq.quantity} × ${rfq.structure}`);
    this.drawLegs(rfq.legs);
    for (const { field, words } of SIDES) setText(this.heads[field], `${words}, ${rfq.quote_currency}`);
    setText(this.state, format.words(rfq.state));
    setAttribute(this.state, "data-state", rfq.state);
    setText(this.left, rfq.state === "open" ? format.countdown(leftMs) : "");
    setAttribute(this.left, "data-urgent", String(leftMs < URGENT_MS));
    this.cancel.hidden = !isOpen;
    this.drawPhase(rfq, isOpen, leftMs);
    setText(this.passed, passedText(rfq));
    const isHeard = !connection.problem;
    this.drawQuotes(rfq, isOpen && isHeard);
    this.outcomes.draw(rfq);
    if (!isOpen) this.band.forget();
    this.pool.draw(rfq, isOpen, isHeard && msUntil(rfq.tradable_at_ns) <= 0);
  }

  head() {
    const [maker, left] = ["Maker", "Left"].map((title) => element("th", { scope: "col" }, title));
    return element("thead", {}, element("tr", {}, maker, this.heads.bid, this.heads.ask, left));
  }

  /** Each leg on one line or on the next one, never across two. */
  drawLegs(legs) {
    if (this.legs.textContent === legsText(legs)) return;
    const parts = legs.flatMap((leg, i) => [i ? "  " : "", element("span", { class: "leg-name" }, legsText([leg]))]);
    this.legs.replaceChildren(...parts);
  }

  drawPhase(rfq, isOpen, leftMs) {
    const [text, kind] = phaseOf(rfq, isOpen, leftMs);
    setText(this.phase, text);
    setAttribute(this.phase, "data-kind", kind);
    this.phase.hidden = text === "";
  }

  drawQuotes(rfq, isTakable) {
    const isGrace = rfq.state === "open" && msUntil(rfq.tradable_at_ns) > 0;
    const isShown = (rfq.state === "open" || rfq.state === "pending_fill") && !isGrace && rfq.quotes.length > 0;
    const isNews = isShown && this.table.hidden;
    this.table.hidden = !isShown;
    if (!isShown) {
      this.preview?.node.remove();
      return this.body.replaceChildren();
    }
    const best = { bid: bestQuote(rfq.quotes, "bid"), ask: bestQuote(rfq.quotes, "ask") };
    const quotes = [...rfq.quotes].sort((a, b) => order(a, best) - order(b, best));
    arrange(this.body, quotes.map((quote) => this.drawQuote(rfq, quote, best, isTakable)));
    if (isNews) this.node.scrollIntoView({ block: "nearest" });
    return this.announce(best, rfq);
  }

  drawQuote(rfq, quote, best, isTakable) {
    const row = this.rows.get(quote.quote_id) ?? this.addQuote(quote);
    row.quote = quote;
    const leftMs = msUntil(quote.expires_at_ns);
    setText(row.maker, quote.maker_name);
    const isActive = isTakable && quote.state === "active" && leftMs > 0;
    setText(row.left, quoteState(quote, leftMs));
    for (const way of SIDES) this.drawAccept(row, rfq, way, best[way.field] === quote, isActive);
    return row.node;
  }

  drawAccept(row, rfq, { field, side, verb }, isBest, isActive) {
    const button = row[field];
    const { quote } = row;
    const isOffered = quote[field] !== null && (rfq.side === null || rfq.side === side);
    const isWhole = quote.quantity === rfq.quantity;
    setDisabled(button.node, !isActive || !isOffered || !isWhole || performance.now() < this.lockedUntil);
    setAttribute(button.node, "data-best", String(isBest));
    setText(button.price, isOffered ? format.exact(quote[field]) : format.NOTHING);
    setText(button.terms, isOffered ? `${verb} ${quote.quantity}${quote.condition === "all_or_none" ? " · all or none" : ""}${isBest ? " · BEST" : ""}` : "not quoted");
    const said = `${verb} ${quote.quantity} ${rfq.structure} at ${quote[field]} ${rfq.quote_currency} with ${quote.maker_name}, version ${quote.version}${isBest ? ", best" : ""}`;
    setAttribute(button.node, "aria-label", isOffered ? said : `${quote.maker_name} quotes no ${field}`);
    button.stated = { quote_id: quote.quote_id, version: quote.version, side, maker: quote.maker_name, text: said };
  }

  addQuote(quote) {
    const maker = element("td", {}, quote.maker_name);
    const left = element("td", { class: "muted" }, "");
    const row = { maker, left, bid: this.addAccept("bid", "sell"), ask: this.addAccept("ask", "buy") };
    row.node = element("tr", {}, maker, element("td", {}, row.bid.node), element("td", {}, row.ask.node), left);
    this.rows.set(quote.quote_id, row);
    return row;
  }

  addAccept(field, side) {
    const price = element("span", {}, "");
    const terms = element("small", {}, "");
    const button = { price, terms };
    button.node = element("button", { class: "accept", type: "button", "data-field": field, "data-side": side, onclick: () => this.accept(button.stated), onfocus: () => this.foresee(button.stated), onpointerenter: () => this.foresee(button.stated) }, price, terms);
    return button;
  }

  /** What accepting would come to, asked when a button is pointed at or reached by key. */
  foresee({ quote_id, version, maker }) {
    if (this.foreseen === `${quote_id}.${version}`) return;
    this.foreseen = `${quote_id}.${version}`;
    this.preview ??= new RfqPreview({ buy: "If you buy", sell: "If you sell" });
    this.node.append(this.preview.node);
    this.preview.about = `With ${maker}, version ${version}. `;
    this.preview.ask({ rfq_id: this.rfq.rfq_id, quote_id, side: this.rfq.side });
  }

  /** Accepts exactly what the button stated; one accept at a time. */
  async accept({ text, maker, ...stated }) {
    if (performance.now() < this.lockedUntil) return undefined;
    this.lockedUntil = performance.now() + ACCEPT_LOCK_MS;
    this.band.forget();
    const message = { type: "rfq.accept", rfq_id: this.rfq.rfq_id, ...stated };
    const answer = await commands.send(message, (state) => state === "unknown" && notify(`Accept of RFQ ${this.rfq.rfq_id}: unknown, checking`, "wait"));
    this.lockedUntil = 0;
    if (answer.type !== "command_refused") return notify(`Accepted: ${text}.`);
    this.band.take(answer, text, (confirmed) => this.accept({ text, maker, ...stated, ...confirmed }));
    return notify(`Accept refused. ${refusalText(answer)}`, "bad");
  }

  async withdraw() {
    const answer = await commands.send({ type: "rfq.cancel", rfq_id: this.rfq.rfq_id });
    if (answer.type === "command_refused") notify(`Cancel refused. ${refusalText(answer)}`, "bad");
  }

  /** Tells a screen reader the best quote of each side, not more often than it can read. */
  announce(best, rfq) {
    const side = (quote, field) => (quote ? `best ${field} ${quote[field]} from ${quote.maker_name}` : `no ${field}`);
    const text = `RFQ ${rfq.rfq_id}: ${side(best.bid, "bid")}, ${side(best.ask, "ask")}`;
    if (text === this.announced || performance.now() - this.announcedAt < ANNOUNCE_MS) return;
    this.announced = text;
    this.announcedAt = performance.now();
    setText(this.spoken, text);
  }
}

/** Best first, then the rest by how tight they are; quotes that are over come last. */
function order(quote, best) {
  if (quote.state !== "active") return 1e9;
  const far = (field, sign) => (quote[field] === null || !best[field] ? 0 : sign * (Number(quote[field]) - Number(best[field][field])));
  return far("ask", 1) + far("bid", -1);
}

/** What is left of a quote's life or of its maker's last look; else what became of it. */
function quoteState(quote, leftMs) {
  if (quote.state === "active") return format.countdown(leftMs);
  if (quote.state === "pending_last_look") return `last look ${format.countdown(msUntil(quote.last_look_until_ns))}`;
  return outcomeText(quote);
}

function phaseOf(rfq, isOpen, leftMs) {
  const graceMs = msUntil(rfq.tradable_at_ns);
  if (isOpen && graceMs > 0) return [`Makers competing: quotes in ${Math.ceil(graceMs / 1000)} s`, "wait"];
  if (isOpen && rfq.quotes.length === 0) return ["Waiting for quotes", "wait"];
  if (rfq.state === "open" && leftMs <= 0) return ["Time is over", "wait"];
  if (rfq.state === "pending_fill") return [pendingText(rfq), "wait"];
  if (rfq.state === "filled") return [filledText(rfq), "good"];
  return rfq.state === "rejected" ? [rejectedText(rfq), "bad"] : ["", null];
}

/** A maker that took its price back is named, with the reason it gave. */
function rejectedText(rfq) {
  const taken = rfq.quotes.find((quote) => quote.state === "last_look_rejected");
  return taken ? `Rejected by ${taken.maker_name} at its last look: ${format.words(taken.reason)}` : `Rejected: ${format.words(rfq.reason)}`;
}

function pendingText(rfq) {
  const waiting = rfq.quotes.some((quote) => quote.state === "pending_last_look");
  return waiting ? "Accepted: a maker has its last look" : "Accepted: the gateway checks and reserves risk";
}

function filledText(rfq) {
  const verb = rfq.accepted_side === "buy" ? "Bought" : "Sold";
  const taken = rfq.quotes.filter((quote) => quote.filled_quantity !== null);
  const names = taken.map((quote) => (taken.length > 1 ? `${quote.maker_name} ${format.short(quote.filled_quantity)}` : quote.maker_name));
  const isNamed = names.length > 0 && page.config.makers.length > 0;
  const price = taken[0]?.[rfq.accepted_side === "buy" ? "ask" : "bid"];
  const traded = price ? format.average(rfq.traded_price, price) : rfq.traded_price;
  return `${verb} ${rfq.quantity} at ${traded} ${rfq.quote_currency}${isNamed ? ` with ${names.join(", ")}` : ""}${premiumText(rfq)}`;
}

/** What the premium comes to, where nothing but options was priced: a net price below zero is easily read the wrong way. */
function premiumText(rfq) {
  const priced = rfq.legs.filter((leg) => !leg.is_hedge).map((leg) => page.instrument(leg.instrument_name));
  const size = priced[0]?.contractSize;
  if (!size || !priced.every((one) => one?.kind === "option" && one.contractSize === size)) return "";
  const premium = Number(rfq.traded_price) * Number(rfq.quantity) * size * (rfq.accepted_side === "buy" ? -1 : 1);
  if (premium === 0) return "";
  return `: ${premium > 0 ? "received" : "paid"} ${format.number(Math.abs(premium), 4)} ${rfq.quote_currency}`;
}

/** Who said that it does not quote; a maker that quotes after all is not listed. */
function passedText(rfq) {
  const quoting = new Set(rfq.quotes.filter((quote) => quote.state !== "canceled").map((quote) => quote.maker_name));
  const names = [...firm.passes.values()].filter((one) => one.rfq_id === rfq.rfq_id && !quoting.has(one.maker_name)).map((one) => one.maker_name);
  return names.length ? `Passed: ${names.join(", ")}` : "";
}
