/** Baskets that were placed, and what has become of each row of the chosen one. */

import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { Turns } from "../lib/turns.js";
import { firm } from "../store/firm.js";
import { refusalWords } from "../store/refusals.js";
import { selection } from "../store/selection.js";
import { Widget } from "./widget.js";

const HEADS = ["Row", "Client order id", "Order", "Instrument", "Side", "Size", "Price", "State", "Filled", "Average", "Reason"];
const FIGURES = new Set([0, 5, 6, 8, 9]);

class Baskets extends Widget {
  build() {
    this.turns = new Turns();
    this.list = element("div", { class: "basket-list" });
    this.rows = element("tbody");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: FIGURES.has(i) ? null : "left" }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Results by row"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.empty = element("p", { class: "muted", role: "status" }, "");
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Placed")), this.list, this.empty, element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Results by row" }, table));
  }

  listen() {
    this.watch(selection, "basketId", () => this.load());
    this.watch(firm, ["orders", "loaded"]);
    this.watch(firm, "fact", (fact) => fact.type === "basket.placed" && this.load());
    this.load();
  }

  /** Of what was asked for twice the later answer counts. */
  async load() {
    const turn = this.turns.ask();
    const response = await fetch("/api/baskets").catch(() => null);
    if (!response?.ok) return;
    const baskets = await response.json();
    if (!this.turns.isLast(turn)) return;
    const id = selection.basketId || baskets[0]?.basket_id;
    arrange(this.list, baskets.map((basket) => this.button(basket, id)));
    setText(this.empty, baskets.length ? "" : "No basket yet.");
    if (!id) return;
    const found = await fetch(`/api/baskets/${id}`).catch(() => null);
    if (!found?.ok) return;
    const result = await found.json();
    if (!this.turns.isLast(turn)) return;
    this.result = result;
    this.draw();
  }

  button(basket, id) {
    const title = `#${basket.basket_id} ${basket.name || "pasted"} · ${basket.row_count} orders · ${format.dateTime(basket.created_at_ns)}`;
    const node = element("button", { class: "button", type: "button", onclick: () => selection.set({ basketId: basket.basket_id }) }, title);
    setAttribute(node, "aria-pressed", String(basket.basket_id === id));
    return node;
  }

  /** Orders as the facts have them, where those are newer. */
  draw() {
    if (!this.result) return;
    arrange(this.rows, this.result.rows.map((row) => resultRow(row, firm.orders.get(row.order.order_id) ?? row.order)));
  }
}

function resultRow(row, order) {
  const id = row.is_repeat ? `${order.order_id} (placed before)` : String(order.order_id);
  const texts = [String(row.number), row.client_order_id, id, order.instrument_name, order.side, order.quantity, order.price ?? "market", format.words(order.state), order.filled_quantity, order.average_price ? format.exact(order.average_price) : "", refusalWords(order)];
  return element("tr", { "data-row": String(row.number) }, ...texts.map((text, i) => element("td", { class: [FIGURES.has(i) ? "" : "left", i === 7 ? "state" : ""].join(" ").trim() || null, "data-state": i === 7 ? order.state : null, "data-side": i === 4 ? text : null }, text || " ")));
}

customElements.define("parley-baskets", Baskets);
