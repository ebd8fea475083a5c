/** Every parent order of the firm with how far it is; the chosen one is shown beside. */

import { arrange, element, setAttribute, setText, setVariable } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { selection } from "../store/selection.js";
import { TITLES } from "./ticket_algo.js";
import { Widget } from "./widget.js";

const ROWS_MAX = 100;

class Parents extends Widget {
  build() {
    this.rows = new Map();
    this.body = element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Parent orders" });
    this.empty = element("p", { class: "muted", role: "status" }, "");
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Parent orders")), this.body, this.empty);
  }

  listen() {
    this.watch(firm, ["parents", "loaded"]);
    this.watch(selection, "parentId");
  }

  draw() {
    const views = [...firm.parents.values()].sort((a, b) => b.parent_order_id - a.parent_order_id).slice(0, ROWS_MAX);
    if (!selection.parentId && views.length) selection.set({ parentId: views[0].parent_order_id });
    arrange(this.body, views.map((view) => this.row(view)));
    setText(this.empty, views.length ? "" : "No parent orders yet: choose an algorithm in the order ticket.");
  }

  row(view) {
    const id = view.parent_order_id;
    if (!this.rows.has(id)) this.rows.set(id, addRow(id));
    const { node, title, state, detail, done, progress } = this.rows.get(id);
    setText(title, `${view.side === "buy" ? "Buy" : "Sell"} ${format.exact(view.quantity)} ${view.instrument_name}`);
    setText(state, stateText(view));
    setAttribute(state, "data-state", view.state);
    setText(detail, `#${id} · ${TITLES[view.algo]}${view.reason ? ` · ${format.words(view.reason)}` : ""}${view.bracket?.problem ? ` · ${format.words(view.bracket.problem)}` : ""}`);
    setText(done, `${format.exact(view.filled_quantity)} of ${format.exact(view.quantity)}`);
    drawProgress(progress, view);
    setAttribute(node, "aria-pressed", String(id === selection.parentId));
    return node;
  }
}

function addRow(id) {
  const [title, state, detail, done] = ["", "state", "muted", "muted"].map((name) => element("span", { class: name || null }, " "));
  const progress = addProgress();
  const node = element("button", { class: "parent-row", type: "button", onclick: () => selection.set({ parentId: id }) }, title, state, detail, done, progress);
  return { node, title, state, detail, done, progress };
}

/** What it is, and what was asked of it that nobody has confirmed. */
export function stateText(view) {
  return view.requested ? `${view.state} (${view.requested} asked)` : view.state;
}

/** A bar for what is traded, a mark for what should be. */
export function addProgress() {
  return element("div", { class: "progress", role: "progressbar", "aria-label": "Traded", "aria-valuemin": "0", "aria-valuemax": "100" }, element("div", { class: "progress-bar" }), element("div", { class: "progress-due", hidden: true }));
}

export function drawProgress(node, view) {
  const share = percentOf(view.filled_quantity, view.quantity);
  setAttribute(node, "aria-valuenow", share.toFixed(0));
  setVariable(node, "--share", `${share}%`);
  setVariable(node, "--due", `${percentOf(view.scheduled_quantity, view.quantity)}%`);
  node.lastChild.hidden = view.plan.length === 0;
}

function percentOf(part, whole) {
  return Math.min(100, (100 * Number(part)) / Number(whole));
}

customElements.define("parley-parents", Parents);
