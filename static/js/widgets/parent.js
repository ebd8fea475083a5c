/** One parent order: what it costs so far, its schedule, its children and their fills, and what may be done to it. */

import { commands } from "../feeds/session.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalWords } from "../store/refusals.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { ParentBracket, roleOf } from "./parent_bracket.js";
import { ParentChange } from "./parent_change.js";
import { SchedulePlot } from "./parent_plot.js";
import { addProgress, drawProgress, stateText } from "./parents.js";
import { priceText } from "./price_text.js";
import { TITLES } from "./ticket_algo.js";
import { unitOf } from "./ticket_value.js";
import { Widget } from "./widget.js";

const LOAD_MS = 1000;
const ACTIONS = {
  approve: { title: "Approve", may: (view) => view.state === "staged" && view.needs_approval },
  start: { title: "Start", may: (view) => view.state === "approved" || (view.state === "staged" && !view.needs_approval) },
  pause: { title: "Pause", may: (view) => view.state === "working" },
  resume: { title: "Resume", may: (view) => view.state === "paused" },
  cancel: { title: "Cancel", may: (view) => view.state !== "done" && view.state !== "canceled" },
};
const FACTS = {
  "Filled": (view) => `${format.exact(view.filled_quantity)} of ${format.exact(view.quantity)} ${unit(view)}`,
  "Working": (view) => format.exact(view.working_quantity),
  "Due by now": (view) => (view.plan.length ? format.exact(view.scheduled_quantity) : format.NOTHING),
  "Average": (view) => priceText(view.instrument_name, view.average_price),
  "Arrival mid": (view) => priceText(view.instrument_name, view.arrival_mid),
  "Mid now": (view) => priceText(view.instrument_name, view.mid),
  "Market VWAP": (view) => priceText(view.instrument_name, view.market_price),
  "Market volume": (view) => format.exact(view.market_quantity),
  "Cost vs arrival": (view) => cost(view.cost_arrival_basis_points),
  "Cost vs VWAP": (view) => cost(view.cost_market_basis_points),
  "Cost vs mid": (view) => cost(view.cost_mid_basis_points),
  "Children": (view) => `${view.children}, ${view.rejected} rejected`,
};

class Parent extends Widget {
  build() {
    this.heading = element("b", {}, "Choose a parent order");
    this.state = element("span", { class: "state" }, "");
    this.buttons = Object.fromEntries(Object.entries(ACTIONS).map(([verb, { title }]) => [verb, element("button", { class: "button", type: "button", hidden: true, onclick: () => this.act(verb) }, title)]));
    this.progress = addProgress();
    this.values = Object.fromEntries(Object.keys(FACTS).map((name) => [name, element("dd", {}, format.NOTHING)]));
    this.message = element("p", { class: "parent-message", role: "status" }, "");
    this.plot = new SchedulePlot();
    this.change = new ParentChange((text) => this.say(text));
    this.bracket = new ParentBracket((text) => this.say(text));
    this.rows = element("tbody");
    const heads = ["Order", "Time (UTC)", "Size", "Price", "State", "Filled", "Reason"].map((title) => element("th", { scope: "col", class: "left" }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Children and fills"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    const facts = Object.entries(this.values).flatMap(([name, node]) => [element("dt", {}, name), node]);
    this.treeNode = element("div", { class: "panel-body tree", tabindex: 0, role: "region", "aria-label": "Children and fills" }, table);
    this.append(element("div", { class: "parent-head" }, this.heading, this.state, ...Object.values(this.buttons)), this.progress, element("dl", { class: "parent-facts" }, ...facts), this.message, this.bracket.node, this.change.node, this.plot.node, this.treeNode);
  }

  listen() {
    this.watch(firm, ["parents", "loaded"]);
    this.watch(selection, "parentId", () => this.choose());
    this.watch(page, "instruments");
    this.every(LOAD_MS, () => this.load());
  }

  choose() {
    this.loaded = null;
    this.loadedAt = -1;
    this.say("");
    this.draw();
    this.load();
  }

  /** Children and fills come by REST: again only when the parent has changed. */
  async load() {
    const view = firm.parents.get(selection.parentId);
    if (!view || this.isLoading || this.loadedAt === view.updated_at_ns) return;
    this.isLoading = true;
    const response = await fetch(`/api/parents/${view.parent_order_id}`).catch(() => null);
    this.isLoading = false;
    if (!response?.ok || selection.parentId !== view.parent_order_id) return;
    this.loaded = await response.json();
    this.loadedAt = view.updated_at_ns;
    this.draw();
  }

  draw() {
    const view = firm.parents.get(selection.parentId);
    if (!view) return;
    setText(this.heading, `#${view.parent_order_id} ${view.side === "buy" ? "Buy" : "Sell"} ${format.exact(view.quantity)} ${view.instrument_name} · ${TITLES[view.algo]}`);
    setText(this.state, stateText(view) + (view.reason ? `: ${format.words(view.reason)}` : ""));
    setAttribute(this.state, "data-state", view.state);
    for (const [verb, button] of Object.entries(this.buttons)) button.hidden = !ACTIONS[verb].may(view);
    drawProgress(this.progress, view);
    for (const [name, text] of Object.entries(FACTS)) setText(this.values[name], text(view) || format.NOTHING);
    this.change.draw(view);
    this.bracket.draw(view);
    if (view.algo === "bracket") this.change.node.hidden = true;
    this.plot.node.hidden = view.algo === "bracket";
    this.plot.draw(view, this.loaded);
    this.drawTree();
  }

  drawTree() {
    const { children = [], fills = [] } = this.loaded ?? {};
    const nodes = [...children].reverse().flatMap((child) => [childRow(child), ...fills.filter((fill) => fill.order_id === child.order_id).map((fill) => fillRow(child, fill))]);
    arrange(this.rows, nodes);
  }

  async act(verb) {
    const message = { type: `parent.${verb}`, parent_order_id: selection.parentId };
    if (verb === "approve") message.reason = "approved on the algo page";
    const answer = await commands.send(message);
    this.say(answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }

  say(text) {
    setText(this.message, text);
  }
}

function childRow(child) {
  const role = roleOf(child);
  const texts = [role ? `${child.order_id} ${role}` : String(child.order_id), format.dateTime(child.created_at_ns), format.exact(child.quantity), child.price ? priceText(child.instrument_name, child.price) : "market", format.words(child.state), format.exact(child.filled_quantity), refusalWords(child)];
  return element("tr", { "data-child": child.client_order_id }, ...texts.map((text, i) => element("td", { class: i === 4 ? "left state" : "left", "data-state": i === 4 ? child.state : null }, text || " ")));
}

function fillRow(child, fill) {
  const texts = [`↳ fill ${fill.execution_id}`, format.dateTime(fill.at_ns), format.exact(fill.quantity), priceText(child.instrument_name, fill.price), fill.liquidity, "", ""];
  return element("tr", { class: "fill-row" }, ...texts.map((text) => element("td", { class: "left" }, text || " ")));
}

function unit(view) {
  const instrument = page.instrument(view.instrument_name);
  return instrument ? unitOf(instrument) : "";
}

/** Basis points, positive is worse, and says so. */
function cost(text) {
  if (text === null) return format.NOTHING;
  if (Number(text) === 0) return "0 bp";
  return `${text.replace("-", "")} bp ${Number(text) > 0 ? "worse" : "better"}`;
}

customElements.define("parley-parent", Parent);
