/**
 * The last looks that wait for the firm's word, whatever request is being looked at: what would trade at which price, the
 * time left by the server's clock, and the two answers, which wait for the line. Each says of which request it is.
 */

import { commands } from "../feeds/session.js";
import { msUntil } from "../lib/clock.js";
import { arrange, element, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { notify, refusalText } from "./notices.js";

const REASONS = ["credit_check", "risk_limit", "technical", "price_tolerance"];
const SHOWN_MAX = 5;

export class LastLooks {
  constructor() {
    this.bars = new Map();
    this.node = element("div", { class: "last-looks", role: "region", "aria-label": "Last looks", "aria-live": "assertive" });
  }

  /** The most urgent first. */
  draw() {
    const waiting = [...firm.rfqs.values()].flatMap((rfq) => (rfq.role === "maker" ? rfq.quotes.filter(isWaiting).map((quote) => ({ rfq, quote })) : []));
    waiting.sort((a, b) => a.quote.last_look_until_ns - b.quote.last_look_until_ns);
    const shown = waiting.slice(0, SHOWN_MAX);
    const ids = new Set(shown.map(({ quote }) => quote.quote_id));
    for (const id of this.bars.keys()) if (!ids.has(id)) this.bars.delete(id);
    arrange(this.node, shown.map(({ rfq, quote }) => this.drawBar(rfq, quote)));
    this.node.hidden = shown.length === 0;
  }

  drawBar(rfq, quote) {
    const bar = this.bars.get(quote.quote_id) ?? this.addBar(rfq, quote);
    const leftMs = msUntil(quote.last_look_until_ns);
    setText(bar.left, format.countdown(leftMs));
    const isOver = bar.isAnswered || leftMs <= 0 || connection.problem !== "";
    for (const button of bar.buttons) setDisabled(button, isOver);
    return bar.node;
  }

  addBar(rfq, quote) {
    const bar = { isAnswered: false, left: element("b", { role: "timer", "aria-live": "off" }, "") };
    const reason = element("select", { class: "input input-small", "aria-label": `Reason to reject, RFQ ${rfq.rfq_id}` }, ...REASONS.map((name) => element("option", { value: name }, format.words(name))));
    const confirm = element("button", { class: "button button-primary", type: "button", "aria-label": `Confirm RFQ ${rfq.rfq_id}`, onclick: () => answer(bar, quote, null) }, "Confirm");
    const reject = element("button", { class: "button", type: "button", "aria-label": `Reject RFQ ${rfq.rfq_id}`, onclick: () => answer(bar, quote, reason.value) }, "Reject");
    bar.buttons = [confirm, reject];
    const text = element("span", {}, statement(rfq, quote));
    bar.node = element("div", { class: "quote-actions last-look", role: "group", "aria-label": `Last look of RFQ ${rfq.rfq_id}` }, text, bar.left, confirm, reject, element("div", {}, reason));
    this.bars.set(quote.quote_id, bar);
    return bar;
  }
}

function isWaiting(quote) {
  return quote.state === "pending_last_look";
}

/** `Last look #8: you sell 2 × straddle at 0.0566 BTC to Aurora Capital`. */
function statement(rfq, quote) {
  const [verb, price, word] = rfq.accepted_side === "buy" ? ["sell", quote.ask, "to"] : ["buy", quote.bid, "from"];
  return `Last look #${rfq.rfq_id}: you ${verb} ${format.short(quote.filled_quantity)} × ${rfq.structure} at ${format.exact(price)} ${rfq.quote_currency} ${word} ${rfq.taker_name}`;
}

/** @param {string | null} reason none confirms */
async function answer(bar, quote, reason) {
  bar.isAnswered = true;
  const reply = await commands.send({ type: "rfq.answer_last_look", quote_id: quote.quote_id, is_confirmed: reason === null, reason });
  bar.isAnswered = reply.type !== "command_refused";
  if (!bar.isAnswered) return notify(`Last look of RFQ ${quote.rfq_id} refused. ${refusalText(reply)}`, "bad");
  return notify(`Last look of RFQ ${quote.rfq_id}: ${reason === null ? "confirmed" : `taken back, ${format.words(reason)}`}.`);
}
