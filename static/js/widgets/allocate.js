/** What an order traded, shared out to other accounts of the firm by sizes or by ratios. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { page } from "../store/page.js";
import { choice, NumberField } from "./fields.js";
import { refusalText } from "./notices.js";
import { ALGOS } from "./ticket_algo.js";
import { Widget } from "./widget.js";

const CHOICES_MAX = 50;
const SHARES_MAX = 10;

class Allocate extends Widget {
  build() {
    this.by = "ratio";
    this.source = element("select", { class: "input", id: "allocate-source", onchange: () => this.draw() });
    this.modes = choice("Shares are", [{ value: "ratio", title: "Ratios" }, { value: "quantity", title: "Sizes" }], (by) => this.choose(by));
    this.shares = page.config.accounts.slice(0, SHARES_MAX + 1).map(({ id, name }) => ({ id, field: new NumberField(name) }));
    for (const { field } of this.shares) field.tidy = () => {};
    this.reason = element("input", { class: "input", id: "allocate-reason", maxlength: "200", autocomplete: "off" });
    this.message = element("p", { class: "message", role: "status" }, "");
    this.none = element("p", { class: "muted" }, "");
    const form = element("form", { class: "booking-form", autocomplete: "off", onsubmit: (event) => this.send(event) }, labeled("allocate-source", "What traded", this.source), this.modes, ...this.shares.map(({ field }) => field.node), labeled("allocate-reason", "Reason", this.reason), element("button", { class: "button", type: "submit" }, "Share out"));
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Allocation")), form, this.none, this.message);
  }

  listen() {
    this.watch(firm, ["orders", "parents", "loaded"]);
  }

  choose(by) {
    this.by = by;
    this.draw();
  }

  draw() {
    for (const button of this.modes.querySelectorAll("button")) setAttribute(button, "aria-pressed", String(button.dataset.value === this.by));
    const sources = sourcesOf();
    const keys = sources.map(({ key }) => key).join();
    if (keys !== this.keys) {
      const chosen = this.source.value;
      this.source.replaceChildren(...sources.map(({ key, title }) => element("option", { value: key }, title)));
      this.keys = keys;
      if (sources.some(({ key }) => key === chosen)) this.source.value = chosen;
    }
    const account = sources.find(({ key }) => key === this.source.value)?.view.account_id;
    for (const { id, field } of this.shares) field.node.hidden = id === account;
    setText(this.none, sources.length ? (this.shares.length < 2 ? "The firm has no other account." : "") : "Nothing has traded that could be shared out.");
  }

  async send(event) {
    event.preventDefault();
    const [kind, id] = this.source.value.split(":");
    const given = this.shares.filter(({ field }) => !field.node.hidden && field.input.value.trim() !== "");
    const wrong = given.find(({ field }) => field.value === null || !(Number(field.value) > 0));
    if (!id || !given.length || wrong) {
      this.say(wrong ? `${wrong.field.title} must be above zero.` : "Name at least one share.", "bad");
      return;
    }
    const shares = given.map(({ id: account, field }) => ({ account_id: account, [this.by]: this.by === "ratio" ? Number(field.value) : field.value }));
    const answer = await commands.send({ type: "order.allocate", [kind]: Number(id), shares, reason: this.reason.value.trim() });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`Allocation ${answer.entity_id} asked for.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

/** Orders and parent orders that ended and traded, newest first. */
function sourcesOf() {
  const orders = [...firm.orders.values()].filter((view) => !OPEN_ORDER_STATES.has(view.state) && Number(view.filled_quantity) > 0 && !view.parent_order_id).map((view) => ({ key: `order_id:${view.order_id}`, title: words("Order", view.order_id, view), at: view.created_at_ns, view }));
  const parents = [...firm.parents.values()].filter((view) => view.ended_at_ns > 0 && view.algo in ALGOS && Number(view.filled_quantity) > 0).map((view) => ({ key: `parent_order_id:${view.parent_order_id}`, title: words("Parent", view.parent_order_id, view), at: view.created_at_ns, view }));
  return [...orders, ...parents].sort((a, b) => b.at - a.at).slice(0, CHOICES_MAX);
}

function words(kind, id, view) {
  return `${kind} ${id}: ${view.side} ${view.filled_quantity} ${view.instrument_name} at ${format.exact(view.average_price)}`;
}

function labeled(id, title, input) {
  return element("div", { class: "field" }, element("label", { for: id }, title), input);
}

customElements.define("parley-allocate", Allocate);
