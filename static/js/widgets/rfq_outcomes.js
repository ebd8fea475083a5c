/** What became of every quote of a request that is over: who traded, the cover behind it, who was done away. */

import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { outcomeText } from "../lib/structure.js";

const ORDER = ["hit", "lift", "tied", "cover", "tied_cover", "done_away"];
const OPEN_STATES = new Set(["open", "pending_fill"]);

export class RfqOutcomes {
  constructor() {
    this.words = element("summary", {}, "");
    this.body = element("tbody");
    this.rows = new Map();
    const heads = ["Maker", "Bid", "Ask", "Outcome"].map((title, i) => element("th", { scope: "col", class: i % 3 ? null : "left" }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Outcome of each quote"), element("thead", {}, element("tr", {}, ...heads)), this.body);
    this.node = element("details", { class: "rfq-outcomes" }, this.words, table);
  }

  draw(rfq) {
    this.node.hidden = OPEN_STATES.has(rfq.state) || rfq.quotes.length === 0;
    if (this.node.hidden) return;
    const quotes = [...rfq.quotes].sort((a, b) => rank(a) - rank(b) || b.updated_at_ns - a.updated_at_ns);
    setText(this.words, summary(quotes));
    arrange(this.body, quotes.map((quote) => this.drawRow(quote)));
  }

  drawRow(quote) {
    const row = this.rows.get(quote.quote_id) ?? addRow();
    this.rows.set(quote.quote_id, row);
    setText(row.maker, quote.maker_name);
    setText(row.bid, format.exact(quote.bid));
    setText(row.ask, format.exact(quote.ask));
    setText(row.outcome, outcomeText(quote));
    setAttribute(row.outcome, "data-state", quote.state);
    return row.node;
  }
}

function addRow() {
  const [maker, bid, ask, outcome] = [element("td", { class: "left" }, ""), element("td", {}, ""), element("td", {}, ""), element("td", { class: "left outcome" }, "")];
  return { maker, bid, ask, outcome, node: element("tr", {}, maker, bid, ask, outcome) };
}

function rank(quote) {
  const found = ORDER.indexOf(quote.outcome);
  return found < 0 ? ORDER.length : found;
}

/** `5 quotes: 1 traded, 1 cover, 3 done away`. */
function summary(quotes) {
  const counts = new Map();
  for (const quote of quotes) {
    const name = outcomeText({ ...quote, filled_quantity: null, reason: "" });
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return `${quotes.length} quote${quotes.length > 1 ? "s" : ""}: ${[...counts].map(([name, count]) => `${count} ${name}`).join(", ")}`;
}
