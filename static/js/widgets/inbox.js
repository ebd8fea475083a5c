/** Incoming requests of a maker, the most urgent first; every one with its countdown by the server's clock. */

import { subscribe } from "../feeds/session.js";
import { msUntil } from "../lib/clock.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { edgeOf, urgencyOf } from "../lib/impact.js";
import { legText } from "../lib/structure.js";
import { firm } from "../store/firm.js";
import { desk, ORDERS } from "../store/maker.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { Widget } from "./widget.js";

const CLOSED_SHOWN_MAX = 20;
const URGENT_MS = 10_000;
const COLUMNS = ["RFQ", "Request", "Size", "Edge", "Left", "You"];

class Inbox extends Widget {
  build() {
    this.count = element("span", { class: "panel-note", role: "status" }, "");
    this.order = element("select", { class: "input input-small", "aria-label": "Order of the requests", onchange: () => desk.set({ order: this.order.value }) }, ...ORDERS.map((name) => element("option", { value: name }, `by ${name}`)));
    this.moves = [["previous", "▲", -1], ["next", "▼", 1]].map(([name, text, step]) => element("button", { class: "button button-small", type: "button", "data-do": name, "aria-label": `${name} request`, onclick: () => this.move(step) }, text));
    this.body = element("tbody");
    this.rows = new Map();
    this.empty = element("p", { class: "panel-empty" }, "No request yet. They arrive here the moment a taker asks you.");
    const heads = COLUMNS.map((title, i) => element("th", { scope: "col", class: i < 2 ? "left" : null }, title));
    const table = element("table", { class: "grid inbox" }, element("caption", { class: "hidden-text" }, "Requests, most urgent first"), element("thead", {}, element("tr", {}, ...heads)), this.body);
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Requests"), this.order, ...this.moves, this.count), element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Requests" }, table, this.empty));
  }

  listen() {
    this.watch(firm, ["rfqs", "loaded"], () => this.arrived());
    this.watch(selection, "rfqId");
    this.watch(desk, ["order", "points"]);
    this.watch(firm, "passes");
    this.every(200);
  }

  /** Prices of every leg are followed. With nothing chosen that is still undecided, the most urgent request is. */
  arrived() {
    const open = requests().filter((rfq) => rfq.state === "open");
    subscribe(open.flatMap((rfq) => rfq.legs.map((leg) => `ticker.${leg.instrument_name}`)));
    const chosen = firm.rfqs.get(selection.rfqId)?.state;
    if (chosen !== "open" && chosen !== "pending_fill" && open.length) selection.set({ rfqId: open[0].rfq_id });
    this.draw();
  }

  /** To the request below or above, of those that are open. @param {-1 | 1} step */
  move(step) {
    const open = requests().filter((rfq) => rfq.state === "open");
    const now = open.findIndex((rfq) => rfq.rfq_id === selection.rfqId);
    const next = open[Math.min(Math.max(now + step, 0), open.length - 1)];
    if (next) selection.set({ rfqId: next.rfq_id });
  }

  draw() {
    const rfqs = requests();
    const open = rfqs.filter((rfq) => rfq.state === "open").length;
    arrange(this.body, rfqs.map((rfq) => this.drawRow(rfq)));
    setText(this.count, `${open} open`);
    this.empty.hidden = rfqs.length > 0;
  }

  drawRow(rfq) {
    const row = this.rows.get(rfq.rfq_id) ?? this.addRow(rfq);
    const leftMs = msUntil(rfq.expires_at_ns);
    const isOpen = rfq.state === "open";
    setText(row.size, `${rfq.side ?? "two-way"} ${format.short(rfq.quantity)}`);
    setText(row.left, isOpen ? format.countdown(leftMs) : format.words(rfq.state));
    setAttribute(row.left, "class", isOpen ? (leftMs < URGENT_MS ? "warning-text" : null) : "state");
    setAttribute(row.left, "data-state", isOpen ? null : rfq.state);
    const quote = rfq.quotes[0];
    setText(row.edge, `$${format.short(Math.round(edge(rfq)))}`);
    const passed = [...firm.passes.values()].find((one) => one.rfq_id === rfq.rfq_id);
    const isPassed = passed && quote?.state !== "active";
    if (isPassed) setText(row.own, `passed: ${format.words(passed.reason)}`);
    else setText(row.own, quote ? `${format.words(quote.state)} v${quote.version}` : "–");
    setAttribute(row.own, "data-state", quote?.state ?? null);
    setAttribute(row.node, "data-current", String(selection.rfqId === rfq.rfq_id));
    return row.node;
  }

  addRow(rfq) {
    const open = () => selection.set({ rfqId: rfq.rfq_id });
    const button = element("button", { class: "button button-small", type: "button", onclick: open }, `#${rfq.rfq_id}`);
    const about = element("div", {}, rfq.structure, element("span", { class: "muted" }, ` · ${rfq.taker_name}`));
    const legs = rfq.legs.map((leg) => element("div", { class: "faint" }, legText(leg)));
    const [size, edgeCell, left, own] = [element("td", {}, ""), element("td", {}, ""), element("td", {}, ""), element("td", { class: "state" }, "")];
    const node = element("tr", { onclick: open }, element("td", { class: "left" }, button), element("td", { class: "left" }, about, ...legs), size, edgeCell, left, own);
    const row = { node, size, edge: edgeCell, left, own };
    this.rows.set(rfq.rfq_id, row);
    return row;
  }
}

/** US dollars that the spread of the desk would earn. */
function edge(rfq) {
  return edgeOf(rfq, (name) => market.tickers.get(name), (name) => page.instrument(name), desk.points);
}

const RANKS = {
  urgency: (rfq) => -urgencyOf(edge(rfq), msUntil(rfq.expires_at_ns)),
  "time left": (rfq) => rfq.expires_at_ns,
  size: (rfq) => -Number(rfq.quantity),
  edge: (rfq) => -edge(rfq),
};

/** Open ones in the order of the desk, then the latest that are over. */
function requests() {
  const asked = [...firm.rfqs.values()].filter((rfq) => rfq.role === "maker");
  const open = asked.filter((rfq) => rfq.state === "open").map((rfq) => [RANKS[desk.order](rfq), rfq]).sort((a, b) => a[0] - b[0]).map(([, rfq]) => rfq);
  const over = asked.filter((rfq) => rfq.state !== "open").sort((a, b) => b.updated_at_ns - a.updated_at_ns);
  return [...open, ...over.slice(0, CLOSED_SHOWN_MAX)];
}

customElements.define("parley-inbox", Inbox);
