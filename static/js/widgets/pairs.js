/** The table of pairs: sorted, filtered; the chosen one is shown beside. Rows keep their nodes. */

import { arrange, element, emptyRow, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { pairs } from "../store/pairs.js";
import { Widget } from "./widget.js";

const ROWS_SHOWN_MAX = 400;
const COLUMNS = [
  { id: "name", title: "Pair", isLeft: true, text: (pair) => pair.name },
  { id: "state", title: "State", isLeft: true, text: (pair) => format.words(pair.state) },
  { id: "zscore", title: "z-score", value: (pair) => pair.zscore, text: (pair) => (pair.isLive && pair.zscore !== null ? format.signed(pair.zscore, 2) : format.NOTHING) },
  { id: "first", title: "First leg", value: (pair) => pair.held_first, text: (pair) => shares(pair.held_first) },
  { id: "second", title: "Second leg", value: (pair) => pair.held_second, text: (pair) => shares(pair.held_second) },
  { id: "working", title: "Working", value: (pair) => pair.working ?? 0, text: (pair) => (pair.isLive ? String(pair.working) : format.NOTHING) },
  { id: "realized", title: "Realized USD", value: (pair) => pair.realized_micros, text: (pair) => dollars(pair.realized_micros), sign: (pair) => pair.realized_micros },
  { id: "unrealized", title: "Unrealized USD", value: (pair) => pair.unrealized_micros, text: (pair) => dollars(pair.unrealized_micros), sign: (pair) => pair.unrealized_micros },
  { id: "decided", title: "Decided", value: (pair) => pair.decided_at_ns, text: (pair) => (pair.decided_at_ns ? format.timeOfDay(pair.decided_at_ns) : format.NOTHING) },
  { id: "reason", title: "Last decision", isLeft: true, text: (pair) => format.words(pair.reason) || " " },
];

class PairsTable extends Widget {
  build() {
    this.rows = new Map();
    this.sorted = ["name", "ascending"];
    this.filter = element("input", { class: "input input-small", type: "search", placeholder: "Filter", "aria-label": "Filter pairs", oninput: () => this.draw() });
    this.count = element("span", { class: "muted", role: "status" }, "");
    this.heads = COLUMNS.map((column) => element("th", { scope: "col", class: column.isLeft ? "left" : null }, element("button", { type: "button", onclick: () => this.sortBy(column.id) }, column.title)));
    this.body = element("tbody");
    this.nothing = emptyRow(COLUMNS.length, "No pairs are traded. The gateway takes them from its hot file.");
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Pairs"), element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    this.append(
      element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Pairs"), this.count, this.filter),
      element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Pairs" }, table),
    );
  }

  listen() {
    this.watch(pairs, "pairs");
  }

  sortBy(id) {
    const isSame = this.sorted[0] === id;
    this.sorted = [id, isSame && this.sorted[1] === "descending" ? "ascending" : "descending"];
    this.draw();
  }

  chosen() {
    const wanted = this.filter.value.trim().toLowerCase();
    const found = pairs.list().filter((pair) => !wanted || COLUMNS.some((column) => column.text(pair).toLowerCase().includes(wanted)));
    const [id, direction] = this.sorted;
    const column = COLUMNS.find((one) => one.id === id);
    const value = column.value ?? column.text;
    const sign = direction === "ascending" ? 1 : -1;
    return found.sort((a, b) => sign * compare(value(a), value(b)) || a.name.localeCompare(b.name));
  }

  draw() {
    const found = this.chosen();
    COLUMNS.forEach((column, i) => setAttribute(this.heads[i], "aria-sort", column.id === this.sorted[0] ? this.sorted[1] : null));
    const rows = found.slice(0, ROWS_SHOWN_MAX).map((pair) => this.row(pair));
    arrange(this.body, rows.length ? rows : [this.nothing]);
    setText(this.count, `${rows.length} of ${pairs.known.size}`);
  }

  row(pair) {
    if (!this.rows.has(pair.name)) this.rows.set(pair.name, addRow(pair.name));
    const { node, cells, button } = this.rows.get(pair.name);
    COLUMNS.forEach((column, i) => {
      setText(i ? cells[i] : button, column.text(pair));
      if (column.sign) setAttribute(cells[i], "data-sign", signOf(column.sign(pair)));
    });
    setAttribute(cells[1], "data-state", pair.state);
    setAttribute(node, "data-chosen", String(pair.name === pairs.chosen));
    setAttribute(button, "aria-pressed", String(pair.name === pairs.chosen));
    return node;
  }
}

function addRow(name) {
  const button = element("button", { class: "pair-name", type: "button", onclick: () => pairs.choose(name) }, name);
  const cells = COLUMNS.map((column, i) => element("td", { class: column.isLeft ? "left" : null }, i ? " " : button));
  return { node: element("tr", {}, ...cells), cells, button };
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  const [left, right] = [a ?? -Infinity, b ?? -Infinity];
  return left === right ? 0 : left - right;
}

function signOf(value) {
  return value ? (value > 0 ? "up" : "down") : null;
}

function shares(held) {
  return held ? format.signed(held, 0) : "0";
}

export function dollars(micros) {
  return micros === null || micros === undefined ? format.NOTHING : format.signed(micros / 1e6, 2);
}

customElements.define("parley-pairs", PairsTable);
