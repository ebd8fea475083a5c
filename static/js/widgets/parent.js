/** One order with all that became of it: what it costs so far, its tree, and of an algorithm its schedule and words. */

import { commands, hold } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalWords } from "../store/refusals.js";
import { membersOf, viewOf } from "../store/roots.js";
import { selection } from "../store/selection.js";
import { LifecycleCosts } from "./lifecycle_costs.js";
import { LifecycleTree } from "./lifecycle_tree.js";
import { refusalText } from "./notices.js";
import { ParentBracket } from "./parent_bracket.js";
import { ParentChange } from "./parent_change.js";
import { ParentMultileg } from "./parent_multileg.js";
import { SchedulePlot } from "./parent_plot.js";
import { addProgress, drawProgress, stateText, titleText } from "./parents.js";
import { ALGOS } from "./ticket_algo.js";
import { Widget } from "./widget.js";

const LOAD_MS = 1000;
/** Mid and market move without a word of the order. */
const OLD_MS = 5000;
const isParent = (root) => root.kind === "parent";
const isAtWork = (view) => view.state === "working" || OPEN_ORDER_STATES.has(view.state);
const ACTIONS = {
  approve: { title: "Approve", may: (root, view) => isParent(root) && view.state === "staged" && view.needs_approval },
  start: { title: "Start", may: (root, view) => isParent(root) && (view.state === "approved" || (view.state === "staged" && !view.needs_approval)) },
  pause: { title: "Pause", may: (root, view) => isParent(root) && view.state === "working" },
  resume: { title: "Resume", may: (root, view) => isParent(root) && view.state === "paused" },
  cancel: { title: "Cancel", may: (root, view) => (isParent(root) ? view.state !== "done" && view.state !== "canceled" : isAtWork(view)) },
};
const CANCELS = { split: "route.cancel_split", order: "order.cancel", route: "route.cancel" };

class Parent extends Widget {
  build() {
    this.heading = element("b", {}, "Choose an order");
    this.state = element("span", { class: "state" }, "");
    this.buttons = Object.fromEntries(Object.entries(ACTIONS).map(([verb, { title }]) => [verb, element("button", { class: "button", type: "button", hidden: true, onclick: () => this.act(verb) }, title)]));
    this.progress = addProgress();
    this.message = element("p", { class: "parent-message", role: "status" }, "");
    this.costs = new LifecycleCosts();
    this.plot = new SchedulePlot();
    this.change = new ParentChange((text) => this.say(text));
    this.bracket = new ParentBracket((text) => this.say(text));
    this.multileg = new ParentMultileg((text) => this.say(text));
    this.tree = new LifecycleTree();
    const body = element("div", { class: "panel-body" }, this.costs.node, this.message, this.bracket.node, this.multileg.node, this.change.node, this.plot.node, this.tree.node);
    this.append(element("div", { class: "parent-head" }, this.heading, this.state, ...Object.values(this.buttons)), this.progress, body);
  }

  listen() {
    this.watch(firm, ["parents", "splits", "orders", "routes", "fills", "loaded"]);
    this.watch(selection, "root", () => this.choose());
    this.watch(page, "instruments");
    this.every(LOAD_MS, () => this.load());
  }

  choose() {
    this.loaded = null;
    this.loadedAt = 0;
    this.say("");
    this.draw();
    this.load();
  }

  /** Older members, costs and latencies come by REST: when the order has changed, and now and then. */
  async load() {
    const { root } = selection;
    const view = viewOf(root);
    const isOld = performance.now() - this.askedAt > OLD_MS && (!view || view.state === "paused" || isAtWork(view));
    if (!root || this.isLoading || (this.loaded && this.loadedAt === view?.updated_at_ns && !isOld)) return;
    this.isLoading = true;
    this.askedAt = performance.now();
    const response = await fetch(`/api/lifecycle/${root.kind}/${root.id}`).catch(() => null);
    this.isLoading = false;
    if (!response?.ok || selection.root !== root) return;
    this.loaded = await response.json();
    this.loadedAt = view?.updated_at_ns ?? 0;
    this.draw();
  }

  draw() {
    const { root } = selection;
    const view = viewOf(root) ?? this.ofLoaded();
    if (!view) return;
    setText(this.heading, titleText(root, view));
    setText(this.state, stateText(view) + (view.reason ? `: ${refusalWords({ ...view, reason: format.words(view.reason) })}` : ""));
    setAttribute(this.state, "data-state", view.state);
    for (const [verb, button] of Object.entries(this.buttons)) button.hidden = !ACTIONS[verb].may(root, view);
    drawProgress(this.progress, view);
    this.costs.draw(view, this.loaded);
    const members = membersOf(root, this.loaded);
    hold(this, [...new Set([...members.routes.values()].map((route) => `venue_link.${route.venue}`))]);
    this.tree.draw(members, this.loaded?.latency_ms ?? {});
    this.drawAlgo(root, view, members);
  }

  drawAlgo(root, view, members) {
    const isAlgo = isParent(root) && view.algo in ALGOS;
    this.plot.node.hidden = !isAlgo;
    if (isAlgo) this.change.draw(view);
    else this.change.node.hidden = true;
    for (const part of [this.bracket, this.multileg]) {
      if (isParent(root)) part.draw(view);
      else part.node.hidden = true;
    }
    if (isAlgo) this.plot.draw(view, this.loaded ? members.fills : null);
  }

  /** An order so old that no snapshot has it. */
  ofLoaded() {
    const { kind, id, parent, split, orders = [], routes = [] } = this.loaded ?? {};
    return parent ?? split ?? (kind === "order" ? orders : routes).find((one) => (one.order_id ?? one.route_id) === id || one.route_id === id);
  }

  async act(verb) {
    const { kind, id } = selection.root;
    const message = kind === "parent" ? { type: `parent.${verb}`, parent_order_id: id } : { type: CANCELS[kind], [`${kind}_id`]: id };
    if (verb === "approve") message.reason = "approved on the algo page";
    const answer = await commands.send(message);
    this.say(answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "");
  }

  say(text) {
    setText(this.message, text);
  }
}

customElements.define("parley-parent", Parent);
