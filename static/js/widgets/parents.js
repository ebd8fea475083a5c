/** Every order that a person asked for, by kind, with how far it is; the chosen one is shown beside. */

import { arrange, element, setAttribute, setText, setVariable } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { listRoots, readRoot } from "../store/roots.js";
import { selection } from "../store/selection.js";
import { TITLES } from "./ticket_algo.js";
import { titleOf } from "./ticket_venue.js";
import { Widget } from "./widget.js";

const ROWS_MAX = 100;
const TABS = { parent: "Algos", split: "Over venues", order: "Orders" };
const EMPTY = {
  parent: "No parent orders yet: choose an algorithm or a bracket in the order ticket, or trade a structure as one order.",
  split: "No order over venues yet: choose the best of venues in the order ticket.",
  order: "No orders yet.",
};
const DETAILS = {
  parent: (view) => `#${view.parent_order_id} · ${TITLES[view.algo]}`,
  split: (view) => `#${view.split_id} · routed ${view.rounds} ${view.rounds === 1 ? "time" : "times"}`,
  order: (view) => `order ${view.order_id} · ${view.price === null ? "market" : format.exact(view.price)} ${view.time_in_force.toUpperCase()}`,
  route: (view) => `route ${view.route_id} · ${titleOf(view.venue)}`,
};

class Parents extends Widget {
  build() {
    this.rows = new Map();
    this.tab = readRoot(location.hash) ? "" : "parent";
    this.tabs = Object.entries(TABS).map(([tab, title]) => element("button", { class: "tab", type: "button", "data-tab": tab, onclick: () => this.open(tab) }, title));
    this.body = element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Orders" });
    this.empty = element("p", { class: "panel-empty", role: "status" }, "");
    this.append(element("div", { class: "panel-head" }, element("div", { class: "tabs", role: "group", "aria-label": "Kind" }, ...this.tabs)), this.empty, this.body);
    this.follow();
  }

  listen() {
    this.watch(firm, ["parents", "splits", "orders", "routes", "loaded"]);
    this.watch(selection, "root");
    const followed = () => this.follow();
    addEventListener("hashchange", followed);
    this.ends.push(() => removeEventListener("hashchange", followed));
  }

  /** What the address names is what is shown. */
  follow() {
    const root = readRoot(location.hash);
    if (!root) return;
    this.tab = root.kind === "route" ? "order" : root.kind;
    selection.set({ root });
  }

  open(tab) {
    this.tab = tab;
    const [first] = listRoots(tab);
    if (first) selection.set({ root: { kind: first.kind, id: first.id } });
    this.draw();
  }

  draw() {
    const roots = listRoots(this.tab).slice(0, ROWS_MAX);
    if (!selection.root && roots.length) selection.set({ root: { kind: roots[0].kind, id: roots[0].id } });
    for (const tab of this.tabs) setAttribute(tab, "aria-pressed", String(tab.dataset.tab === this.tab));
    arrange(this.body, roots.map((root) => this.row(root)));
    setText(this.empty, roots.length ? "" : EMPTY[this.tab]);
    this.empty.hidden = roots.length > 0;
  }

  row({ kind, id, view }) {
    const key = `${kind}-${id}`;
    if (!this.rows.has(key)) this.rows.set(key, addRow({ kind, id }));
    const { node, title, state, detail, done, progress } = this.rows.get(key);
    setText(title, sideText(view));
    setText(state, stateText(view));
    setAttribute(state, "data-state", view.state);
    setText(detail, `${DETAILS[kind](view)}${view.reason ? ` · ${format.words(view.reason)}` : ""}${problemText(view)}`);
    setText(done, `${format.exact(view.filled_quantity)} of ${format.exact(view.quantity)}`);
    drawProgress(progress, view);
    setAttribute(node, "aria-pressed", String(id === selection.root?.id && kind === selection.root.kind));
    return node;
  }
}

function addRow(root) {
  const [title, state, detail, done] = ["", "state", "muted", "muted"].map((name) => element("span", { class: name || null }, " "));
  const progress = addProgress();
  const choose = () => {
    history.replaceState(null, "", `#${root.kind}-${root.id}`);
    selection.set({ root });
  };
  const node = element("button", { class: "parent-row", type: "button", onclick: choose }, title, state, detail, done, progress);
  return { node, title, state, detail, done, progress };
}

/** Why something that should stand does not. */
function problemText({ bracket, multileg }) {
  const problem = bracket?.problem || multileg?.problem;
  return problem ? ` · ${format.words(problem)}` : "";
}

function sideText(view) {
  const what = view.multileg ? `× ${view.multileg.name} at ${format.exact(view.parameters.multileg.net_price)}` : view.instrument_name;
  return `${view.side === "buy" ? "Buy" : "Sell"} ${format.exact(view.quantity)} ${what}`;
}

/** What was asked for, as the head of its own panel. */
export function titleText({ kind, id }, view) {
  const what = { parent: `#${id}`, split: `Over venues ${id}:`, order: `Order ${id}:`, route: `Route ${id} to ${titleOf(view.venue)}:` }[kind];
  return `${what} ${sideText(view)}${kind === "parent" ? ` · ${TITLES[view.algo]}${view.venue ? ` at ${titleOf(view.venue)}` : ""}` : ""}`;
}

/** What it is, and what was asked of it that nobody has confirmed. */
export function stateText(view) {
  const state = view.state === "unknown" ? "unknown, checking" : format.words(view.state);
  return view.requested ? `${state} (${view.requested} asked)` : state;
}

/** A bar for what is traded, a mark for what should be. */
export function addProgress() {
  return element("div", { class: "progress", role: "progressbar", "aria-label": "Traded", "aria-valuemin": "0", "aria-valuemax": "100" }, element("div", { class: "progress-bar" }), element("div", { class: "progress-due", hidden: true }));
}

export function drawProgress(node, view) {
  const share = percentOf(view.filled_quantity, view.quantity);
  setAttribute(node, "aria-valuenow", share.toFixed(0));
  setVariable(node, "--share", `${share}%`);
  setVariable(node, "--due", `${percentOf(view.scheduled_quantity ?? 0, view.quantity)}%`);
  node.lastChild.hidden = !view.plan?.length;
}

function percentOf(part, whole) {
  return Math.min(100, (100 * Number(part)) / Number(whole));
}

customElements.define("parley-parents", Parents);
