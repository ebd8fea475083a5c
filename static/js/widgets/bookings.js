/** Every trade that people booked or want booked, with what each may be asked for. */

import { commands } from "../feeds/session.js";
import { arrange, element, emptyRow, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

const HEADS = ["Id", "Kind", "State", "Account", "Other side", "Instrument", "Side", "Size", "Price", "Execution", "Fee", "Asked by", "Decided by", "Reason", "Actions"];
const FIGURES = new Set([7, 8, 10]);
const KINDS = { manual_fill: "Fill made elsewhere", bust: "Taken back", correction: "Correction", allocation: "Allocation", undo_allocation: "Allocation undone" };

class Bookings extends Widget {
  build() {
    this.trades = new Map();
    /** Told of since the list was last asked for: of these the list may be older. */
    this.heard = new Set();
    this.reason = element("input", { class: "input", id: "booking-reason", maxlength: "200", autocomplete: "off" });
    this.price = element("input", { class: "input input-figure", id: "booking-price", inputmode: "decimal", autocomplete: "off" });
    this.quantity = element("input", { class: "input input-figure", id: "booking-quantity", inputmode: "decimal", autocomplete: "off" });
    this.message = element("p", { class: "message", role: "status" }, "");
    this.nothing = emptyRow(HEADS.length, "Nothing has been booked by hand yet.");
    this.rows = element("tbody");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: FIGURES.has(i) ? null : "left" }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Booked trades"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    const words = element("div", { class: "booking-words" }, field("booking-reason", "Reason of the next action", this.reason), field("booking-price", "Corrected price", this.price), field("booking-quantity", "Corrected size", this.quantity), this.message);
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Booked by hand")), words, element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Booked trades" }, table));
  }

  listen() {
    this.watch(firm, "fact", (fact) => fact.type === "desk_trade.changed" && this.put(fact.desk_trade));
    this.watch(firm, "loaded", () => this.load());
    this.load();
  }

  async load() {
    this.heard.clear();
    const response = await fetch("/api/desk_trades").catch(() => null);
    if (!response?.ok) return;
    for (const trade of await response.json()) if (!this.heard.has(trade.desk_trade_id)) this.trades.set(trade.desk_trade_id, trade);
    this.draw();
  }

  put(trade) {
    this.heard.add(trade.desk_trade_id);
    this.trades.set(trade.desk_trade_id, trade);
    this.draw();
  }

  draw() {
    const trades = [...this.trades.values()].sort((a, b) => b.desk_trade_id - a.desk_trade_id);
    const rows = trades.flatMap((trade) => trade.legs.map((leg, i) => this.row(trade, leg, i === 0)));
    arrange(this.rows, rows.length ? rows : [this.nothing]);
  }

  row(trade, leg, isFirst) {
    const state = trade.gateway_reason ? `${trade.state}: ${format.words(trade.gateway_reason)}` : trade.state === "done" && !trade.is_standing && trade.kind !== "bust" && trade.kind !== "undo_allocation" ? "done, superseded" : trade.state;
    const head = isFirst ? [String(trade.desk_trade_id), KINDS[trade.kind], state] : ["", "", ""];
    const other = leg.other_account_id ? accountName(leg.other_account_id) : trade.source;
    const people = isFirst ? [personName(trade.requested_by_user_id), trade.decided_by_user_id ? personName(trade.decided_by_user_id) : "", trade.reason] : ["", "", ""];
    const side = leg.reverses ? `${leg.side} (takes back ${leg.reverses})` : leg.side;
    const texts = [...head, accountName(leg.account_id), other, leg.instrument_name, side, format.exact(leg.quantity), format.exact(leg.price), leg.execution_id ? String(leg.execution_id) : "", isFirst && trade.fee !== "0" ? `${trade.fee} ${trade.fee_asset}` : "", ...people];
    const cells = texts.map((text, i) => element("td", { class: FIGURES.has(i) ? null : "left", "data-state": i === 2 ? trade.state : null, "data-side": i === 6 ? leg.side : null }, text || " "));
    return element("tr", { "data-trade": String(trade.desk_trade_id) }, ...cells, element("td", { class: "left booking-acts" }, ...(isFirst ? this.buttons(trade) : [" "])));
  }

  buttons(trade) {
    const id = trade.desk_trade_id;
    const acts = [];
    const isOwn = trade.requested_by_user_id === page.config.user.id;
    if (trade.state === "requested" && !isOwn) acts.push(["Approve", { type: "fill.decide", is_approved: true }], ["Refuse", { type: "fill.decide", is_approved: false }]);
    if (trade.state === "requested" && isOwn) acts.push(["Waits for another person", null]);
    if (trade.is_standing && (trade.kind === "manual_fill" || trade.kind === "correction")) acts.push(["Take back", { type: "fill.correct" }], ["Correct", { type: "fill.correct", isCorrection: true }]);
    if (trade.is_standing && trade.kind === "allocation") acts.push(["Undo", { type: "order.undo_allocation" }]);
    return acts.map(([title, message]) => (message ? element("button", { class: "button button-small", type: "button", onclick: () => this.act(id, message) }, title) : element("span", { class: "muted" }, title)));
  }

  async act(id, { isCorrection = false, ...message }) {
    const fields = { desk_trade_id: id, reason: this.reason.value.trim() };
    if (isCorrection) {
      if (this.price.value.trim()) fields.price = this.price.value.trim();
      if (this.quantity.value.trim()) fields.quantity = this.quantity.value.trim();
      if (!fields.price && !fields.quantity) {
        setText(this.message, "Type the corrected price, or the corrected size.");
        return;
      }
    }
    const answer = await commands.send({ ...message, ...fields });
    setText(this.message, answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }
}

function accountName(id) {
  return page.config.accounts.find((account) => account.id === id)?.name ?? `account ${id}`;
}

function personName(id) {
  return page.config.people?.[id] ?? `user ${id}`;
}

function field(id, title, input) {
  return element("div", { class: "field" }, element("label", { for: id }, title), input);
}

customElements.define("parley-bookings", Bookings);
