/** Tabs of keyed tables: sorted, filtered, exported. Rows keep their nodes; only texts that differ are touched. */

import { serverNowMs } from "../lib/clock.js";
import { download, toCsv } from "../lib/csv.js";
import { invalidate } from "../lib/draw.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { market } from "../store/market.js";
import { TABLES } from "./blotter_tables.js";
import { Widget } from "./widget.js";

const ROWS_SHOWN_MAX = 200;

class Blotter extends Widget {
  build() {
    this.names = this.dataset.tabs.split(",");
    this.views = new Map();
    this.tabs = element("div", { class: "tabs", role: "group", "aria-label": "Blotter" }, ...this.names.map((name) => this.addTab(name)));
    this.filter = element("input", { class: "input input-small", type: "search", placeholder: "Filter", "aria-label": "Filter rows", oninput: () => invalidate(this) });
    this.export = element("button", { class: "button button-small", type: "button", onclick: () => this.save() }, "CSV");
    this.own = element("div", { class: "blotter-own" });
    this.body = element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Rows" });
    this.count = element("div", { class: "blotter-count", role: "status" }, "");
    this.append(element("div", { class: "panel-head" }, this.tabs), this.body, element("div", { class: "blotter-tools" }, this.count, this.own, this.filter, this.export));
    this.choose(this.names[0]);
  }

  addTab(name) {
    const count = element("small", {}, "");
    const button = element("button", { class: "tab", type: "button", "data-tab": name, onclick: () => this.choose(name) }, TABLES[name].title, count);
    this.views.set(name, { button, count, ...buildTable(name, this) });
    return button;
  }

  listen() {
    this.watch(firm, ["orders", "routes", "splits", "venue_rfqs", "fills", "rfqs", "positions", "balances", "loaded"]);
    this.watch(market, "tape", () => TABLES[this.name].topics?.includes("tape") && invalidate(this));
    this.watch(firm, "risk", () => TABLES[this.name].topics?.includes("risk") && invalidate(this));
  }

  choose(name) {
    this.name = name;
    this.body.replaceChildren(this.views.get(name).node);
    this.own.replaceChildren(...(TABLES[name].tools?.(() => invalidate(this)) ?? []));
    invalidate(this);
  }

  sortBy(id) {
    const view = this.views.get(this.name);
    const isSame = view.sorted[0] === id;
    view.sorted = [id, isSame && view.sorted[1] === "descending" ? "ascending" : "descending"];
    invalidate(this);
  }

  /** The rows that pass the filter, in order. */
  chosen() {
    const { columns, rows } = TABLES[this.name];
    const wanted = this.filter.value.trim().toLowerCase();
    const found = rows().filter((row) => !wanted || columns.some((column) => column.text(row).toLowerCase().includes(wanted)));
    const [id, direction] = this.views.get(this.name).sorted;
    const column = columns.find((one) => one.id === id);
    const value = column.sort ?? column.text;
    const sign = direction === "ascending" ? 1 : -1;
    return found.sort((a, b) => sign * compare(value(a), value(b)));
  }

  draw() {
    for (const [name, { button, count }] of this.views) {
      setAttribute(button, "aria-pressed", String(name === this.name));
      setText(count, String(TABLES[name].count?.() || ""));
    }
    setAttribute(this.body, "aria-busy", String(!firm.isLoaded));
    const rows = this.chosen();
    const view = this.views.get(this.name);
    arrange(view.body, rows.slice(0, ROWS_SHOWN_MAX).map((row) => drawRow(view, this.name, row)));
    for (const { id, node } of view.heads) setAttribute(node, "aria-sort", id === view.sorted[0] ? view.sorted[1] : null);
    const total = TABLES[this.name].rows().length;
    const none = firm.isLoaded ? `No ${TABLES[this.name].title.toLowerCase()}` : "Loading";
    setText(this.count, rows.length ? `${Math.min(rows.length, ROWS_SHOWN_MAX)} of ${total} rows` : none);
    if (view.rows.size > 4 * ROWS_SHOWN_MAX) view.rows.clear();
  }

  /** Exactly the rows that the filter leaves, with full precision, in UTC. */
  save() {
    const { columns } = TABLES[this.name];
    const rows = this.chosen().map((row) => columns.map((column) => (column.raw ?? column.text)(row)));
    const stamp = new Date(serverNowMs()).toISOString().slice(0, 19).replaceAll(":", "");
    download(`parley-${this.name}-${stamp}Z.csv`, toCsv(columns.map((column) => column.title), rows));
  }
}

function buildTable(name, owner) {
  const { columns, title, sorted, action } = TABLES[name];
  const heads = columns.map((column) => {
    const button = element("button", { type: "button", onclick: () => owner.sortBy(column.id) }, column.title);
    return { id: column.id, node: element("th", { scope: "col", class: column.isLeft ? "left" : null }, button) };
  });
  const body = element("tbody");
  const row = element("tr", {}, ...heads.map((head) => head.node));
  if (action) row.append(element("td", { class: "action" }, ""));
  const node = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, title), element("thead", {}, row), body);
  return { node, body, heads, rows: new Map(), sorted };
}

function drawRow(view, name, row) {
  const { columns, key, action } = TABLES[name];
  const id = key(row);
  if (!view.rows.has(id)) view.rows.set(id, addRow(id, columns, Boolean(action)));
  const { node, cells, buttons } = view.rows.get(id);
  columns.forEach((column, i) => {
    setText(cells[i], column.text(row) || " ");
    if (column.isState) setAttribute(cells[i], "data-state", row.state);
    if (column.className) setAttribute(cells[i], "class", `${column.isLeft ? "left " : ""}${column.className(row)}`);
  });
  if (buttons) drawActions(buttons, action(row));
  return node;
}

function addRow(id, columns, hasAction) {
  const cells = columns.map((column) => element("td", { class: [column.isLeft ? "left" : "", column.isState ? "state" : ""].join(" ").trim() || null }, " "));
  const node = element("tr", { "data-id": id }, ...cells);
  const buttons = hasAction ? [0, 1, 2].map(() => element("button", { class: "button button-small", type: "button", hidden: true }, "")) : null;
  if (buttons) node.append(element("td", { class: "action" }, ...buttons));
  return { node, cells, buttons };
}

/** At most three actions of a row; none is false. */
function drawActions(buttons, actions) {
  const list = [actions || []].flat();
  buttons.forEach((button, i) => drawAction(button, list[i]));
}

function drawAction(button, action) {
  button.hidden = !action;
  if (!action) return;
  setText(button, action.title);
  setAttribute(button, "aria-label", action.label);
  button.onclick = action.run;
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  const [left, right] = [Number.isFinite(a) ? a : -Infinity, Number.isFinite(b) ? b : -Infinity];
  return left - right;
}

customElements.define("parley-blotter", Blotter);
