/**
 * Before the click: what the server says that asking, accepting or quoting would come to. Margin by account, price
 * against mark, model and lit books, fees, and the cost of hedging the delta, each with its age.
 */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { Turns } from "../lib/turns.js";
import { selection } from "../store/selection.js";

const ASK_AFTER_MS = 250;
const TAKER_ROWS = [
  ["Price", (side) => side.net_price ?? format.NOTHING],
  ["Lit books", (side) => priceText(side.lit_price)],
  ["Worse than mark", (side) => priceText(side.against.mark)],
  ["Worse than model", (side) => priceText(side.against.model)],
  ["Worse than lit", (side) => priceText(side.against.lit)],
  ["Fees", (side) => feeText(side.fees)],
  ["Fees in the books", (side) => feeText(side.lit_fees)],
  ["Hedge delta", (side) => hedgeText(side.hedges)],
];

export class RfqPreview {
  /**
   * @param {Record<string, string>} titles what the margin after is called, by the taker's side
   * @param {[string, (side: object, found: object) => string][]} lines of the table
   * @param {Record<string, string>} heads of its columns, by the taker's side
   */
  constructor(titles, lines = TAKER_ROWS, heads = { buy: "Buy", sell: "Sell" }) {
    this.titles = titles;
    this.lines = lines;
    this.heads = heads;
    this.now = element("dd", {}, format.NOTHING);
    this.after = new Map(Object.keys(titles).map((side) => [side, element("dd", {}, format.NOTHING)]));
    this.margin = element("dl", { class: "facts facts-wide margin-preview" }, element("dt", { title: "Initial margin and equity, portfolio margin" }, "Margin now"), this.now);
    for (const [side, title] of Object.entries(titles)) this.margin.append(element("dt", {}, title), this.after.get(side));
    this.value = element("p", { class: "muted" }, "");
    this.cells = new Map(lines.map(([row]) => [row, Object.fromEntries(Object.keys(titles).map((side) => [side, element("td", {}, format.NOTHING)]))]));
    this.missing = element("p", { class: "warning-text" }, "");
    this.node = element("div", { class: "rfq-preview", "aria-label": "Before you trade", role: "group" }, this.margin, this.value, this.table(), this.missing);
    this.turns = new Turns();
    this.about = "";
  }

  table() {
    const heads = Object.keys(this.titles).map((side) => element("th", { scope: "col" }, this.heads[side]));
    this.rows = this.lines.map(([row]) => element("tr", {}, element("th", { scope: "row", class: "left" }, row), ...Object.values(this.cells.get(row))));
    return element("table", { class: "grid preview-table" }, element("caption", { class: "hidden-text" }, "Prices before you trade"), element("thead", {}, element("tr", {}, element("td"), ...heads)), element("tbody", {}, ...this.rows));
  }

  /** @param {object | null} message fields of `rfq.preview`; null shows nothing */
  ask(message) {
    clearTimeout(this.timer);
    const turn = this.turns.ask();
    if (message === null || !selection.accountId) return this.clear();
    this.timer = setTimeout(() => this.fetch(message, turn), ASK_AFTER_MS);
    return undefined;
  }

  async fetch(message, turn) {
    const answer = await commands.send({ type: "rfq.preview", account_id: selection.accountId, ...message });
    if (!this.turns.isLast(turn)) return;
    if (answer.type === "command_refused") {
      this.clear();
      setText(this.missing, format.words(answer.reason));
    } else this.show(answer.result);
  }

  clear() {
    for (const node of this.after.values()) setMargin(node, []);
    for (const row of this.cells.values()) for (const cell of Object.values(row)) setText(cell, format.NOTHING);
    setText(this.value, "");
    setText(this.missing, "");
  }

  show(found) {
    const usd = found.mark_price !== null && found.index_price && found.quote_currency !== "USD" && found.quote_currency !== "USDC" ? ` · ${format.number(found.mark_price * found.index_price, 0)} USD` : "";
    const ages = Object.entries(found.ages_ms).map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)} s`).join(", ");
    setText(this.value, `${this.about}${found.structure}: mark ${priceText(found.mark_price)}, model ${priceText(found.model_price)} ${found.quote_currency}${usd}. Ages: ${ages}`);
    setText(this.missing, Object.values(found.missing).map(format.words).join("; "));
    for (const side of found.sides) if (this.after.has(side.side)) this.showSide(side, found);
  }

  showSide(side, found) {
    setMargin(this.after.get(side.side), side.margins);
    const first = side.margins[0]?.preview;
    if (first) setText(this.now, marginText(first.before));
    for (const [row, text] of this.lines) setText(this.cells.get(row)[side.side], text(side, found));
    this.rows.forEach((row, i) => (row.hidden = this.isEmpty(this.lines[i][0])));
  }

  /** A row that says nothing of either side takes no room. */
  isEmpty(row) {
    return Object.values(this.cells.get(row)).every((cell) => cell.textContent === format.NOTHING);
  }
}

function setMargin(node, margins) {
  const texts = margins.map(({ preview, problem }) => (preview ? marginText(preview.after) : format.words(problem)));
  setText(node, texts.join(" · ") || format.NOTHING);
  setAttribute(node, "class", margins.some(({ preview }) => preview && isTooMuch(preview.after)) ? "danger-text" : null);
}

function isTooMuch(margin) {
  return Number(margin.initial_margin) > Number(margin.equity);
}

/** Initial margin against equity, in words too where it is more than there is. */
function marginText(margin) {
  const [initial, equity] = [Number(margin.initial_margin), Number(margin.equity)];
  return `${isTooMuch(margin) ? "TOO MUCH · " : ""}${format.number(initial, 0)} of ${format.number(equity, 0)} USD · ${format.percent(initial / equity)}`;
}

function priceText(value) {
  return value === null ? format.NOTHING : format.number(value, 4);
}

export function feeText(fees) {
  return Object.entries(fees).map(([asset, amount]) => `${amount} ${asset}`).join(" + ") || format.NOTHING;
}

export function hedgeText(hedges) {
  return hedges.map((one) => `${format.signed(one.delta, 2)} ${one.instrument_name.split(/[-_]/)[0]} for ${format.number(one.cost, 0)} USD`).join(", ") || format.NOTHING;
}
