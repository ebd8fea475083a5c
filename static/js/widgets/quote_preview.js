/**
 * Before a maker quotes: what the server says that being hit or lifted would come to, at exactly the prices that the
 * form states. Margin before and after, edge against model and mark, what would be held, fees, cost of the hedge.
 */

import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { selection } from "../store/selection.js";
import { feeText, hedgeText, RfqPreview } from "./rfq_preview.js";

const REFRESH_MS = 5000;
const ROWS = [
  ["Edge to model", (side, found) => edgeText(side.against.model, found)],
  ["Edge to mark", (side, found) => edgeText(side.against.mark, found)],
  ["Delta held", (side, found) => heldText(side, found, "delta", 2, "")],
  ["Vega held", (side, found) => heldText(side, found, "vega", 0, " USD")],
  ["Fees", (side) => feeText(side.fees)],
  ["Hedge delta", (side) => hedgeText(side.hedges)],
];

export class QuotePreview extends RfqPreview {
  constructor() {
    super({ sell: "If your bid is hit", buy: "If your ask is lifted" }, ROWS, { sell: "You buy", buy: "You sell" });
    this.wanted = "";
    this.askedAt = 0;
  }

  /** Asks again where the prices are others, and every few seconds, because the market is. */
  follow(rfq, { bid, ask }) {
    this.node.hidden = rfq.state !== "open";
    const message = { rfq_id: rfq.rfq_id, side: rfq.side, bid, ask };
    const now = JSON.stringify([selection.accountId, message]);
    if (this.node.hidden || (now === this.wanted && performance.now() - this.askedAt < REFRESH_MS)) return;
    this.wanted = now;
    this.askedAt = performance.now();
    this.ask(bid || ask ? message : null);
  }
}

/** Better than `worse` says for the maker: of one unit, and of the whole size in US dollars. */
function edgeText(worse, found) {
  if (worse === null) return format.NOTHING;
  const inUsd = found.quote_currency.startsWith("USD") ? 1 : found.index_price;
  const usd = inUsd ? ` · ${format.signed(-worse * Number(found.quantity) * inUsd, 0)} USD` : "";
  return `${format.signed(-worse, 4)}${usd}`;
}

/** What is held now and after the trade: the maker sells what the taker buys. */
function heldText(side, found, name, decimals, unit) {
  const greeks = firm.risks.get(selection.accountId)?.greeks ?? {};
  const texts = Object.entries(found.greeks).map(([coin, one]) => {
    const held = greeks[coin]?.[name] ?? 0;
    const after = held + (side.side === "buy" ? -1 : 1) * one[name];
    const of = Object.keys(found.greeks).length > 1 ? `${coin} ` : "";
    return `${of}${format.signed(held, decimals)} → ${format.signed(after, decimals)}${unit}`;
  });
  return texts.join(", ") || format.NOTHING;
}
