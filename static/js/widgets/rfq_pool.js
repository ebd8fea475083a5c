/**
 * The pool of a request's quotes: the full size at one click and one price bound per side, and the taker's resting
 * limits. A click sends exactly what its button states: the versions that were shown and the limit; if a quote has been
 * replaced since and the others do not fill the size, nothing trades.
 */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { notify, refusalText } from "./notices.js";

const LOCK_MS = 3000;
const SIDES = [
  { field: "bids", side: "sell", verb: "Sell" },
  { field: "asks", side: "buy", verb: "Buy" },
];

export class RfqPool {
  /** @param {import("./band_look.js").BandLook} band where a price far from the model is confirmed */
  constructor(band) {
    this.band = band;
    this.lockedUntil = 0;
    this.ways = SIDES.map((way) => this.addWay(way));
    this.node = element("div", { class: "rfq-pool", role: "group", "aria-label": "Pool and resting limits" }, ...this.ways.map((way) => way.node));
  }

  addWay({ field, side, verb }) {
    const price = element("span", {}, "");
    const terms = element("small", {}, "");
    const way = { field, side, verb, price, terms };
    way.trade = element("button", { class: "accept pool-trade", type: "button", "data-side": side, onclick: () => this.trade(way) }, price, terms);
    way.limit = element("input", { class: "input input-small", inputmode: "decimal", placeholder: "Limit", "aria-label": `Resting limit to ${side}, hidden from makers` });
    way.set = element("button", { class: "button button-small", type: "button", onclick: () => this.rest(way) }, "Rest");
    way.node = element("div", { class: "pool-way" }, way.trade, element("div", { class: "pool-limit" }, way.limit, way.set));
    return way;
  }

  draw(rfq, isOpen, isTradable) {
    this.rfq = rfq;
    this.node.hidden = !isOpen;
    for (const way of this.ways) this.drawWay(way, rfq, isTradable);
  }

  drawWay(way, rfq, isTradable) {
    way.node.hidden = rfq.side !== null && rfq.side !== way.side;
    const pool = rfq[way.field];
    way.pool = pool;
    const isWhole = Boolean(pool?.limit_price);
    setDisabled(way.trade, !isTradable || !isWhole || performance.now() < this.lockedUntil);
    setText(way.price, isWhole ? format.exact(pool.limit_price) : format.NOTHING);
    setText(way.terms, poolTerms(way.verb, rfq, pool));
    const said = isWhole ? `${way.verb} ${rfq.quantity} from ${quotesText(pool)}, at ${format.average(pool.average_price, pool.limit_price)} on average and ${pool.limit_price} at most` : `The quotes do not fill the size to ${way.side}`;
    setAttribute(way.trade, "aria-label", said);
    const resting = restingOf(rfq, way.side);
    way.limit.disabled = Boolean(resting);
    if (resting) way.limit.value = resting.limit_price;
    setText(way.set, resting ? "Withdraw" : "Rest");
  }

  async trade({ side, pool, verb }) {
    if (performance.now() < this.lockedUntil || !pool?.limit_price) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    const quotes = pool.fills.map(({ quote_id, version }) => ({ quote_id, version }));
    const text = `${verb} ${this.rfq.quantity} from ${quotesText(pool)} within ${pool.limit_price}`;
    await this.send({ type: "rfq.trade", rfq_id: this.rfq.rfq_id, side, limit_price: pool.limit_price, quotes }, text);
  }

  async send(message, text) {
    this.band.forget();
    const answer = await commands.send(message, (state) => state === "unknown" && notify(`Trade of RFQ ${this.rfq.rfq_id}: unknown, checking`, "wait"));
    this.lockedUntil = 0;
    if (answer.type !== "command_refused") return notify(`Accepted: ${text}.`);
    this.band.take(answer, text, (confirmed) => this.send({ ...message, ...confirmed }, text));
    return notify(`Trade refused. ${refusalText(answer)}`, "bad");
  }

  /** Rests the typed limit, or withdraws the one that rests. */
  async rest(way) {
    const { side } = way;
    const isResting = Boolean(restingOf(this.rfq, side));
    const limit_price = way.limit.value.trim();
    if (!isResting && limit_price === "") return notify(`Type the limit to ${side} at.`, "bad");
    const about = { rfq_id: this.rfq.rfq_id, side };
    const message = isResting ? { type: "rfq.cancel_trigger", ...about } : { type: "rfq.set_trigger", ...about, limit_price };
    const answer = await commands.send(message);
    if (answer.type === "command_refused") return notify(`Limit refused. ${refusalText(answer)}`, "bad");
    if (isResting) way.limit.value = "";
    return notify(isResting ? "Limit withdrawn." : `A limit to ${side} at ${limit_price} rests, hidden from makers.`);
  }
}

function restingOf(rfq, side) {
  return rfq.triggers.find((trigger) => trigger.side === side && trigger.state === "untriggered");
}

/** What the button trades, or how much of the size is quoted. */
function poolTerms(verb, rfq, pool) {
  if (!pool) return "nobody quotes";
  if (pool.limit_price) return `${verb} ${format.short(rfq.quantity)} · ${quotesText(pool)} · average ${format.average(pool.average_price, pool.limit_price)}`;
  return `${pool.levels.map((level) => `${format.short(level.quantity)} at ${level.price}`).join(", ")}: not the full size`;
}

function quotesText({ fills }) {
  return fills.length === 1 ? "1 quote" : `${fills.length} quotes`;
}
