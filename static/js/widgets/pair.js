/** The chosen pair: its terms, its orders with their fills, and what a person may do with it. */

import { commands } from "../feeds/session.js";
import { arrange, element, emptyRow, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { steerButton } from "../lib/steer.js";
import { pairs } from "../store/pairs.js";
import { refusalText } from "./notices.js";
import { answerText } from "./pairs_desk.js";
import { Widget } from "./widget.js";

const HEADS = ["Time", "Order", "Symbol", "Side", "Shares", "Limit", "Filled", "At", "z-score", "Pair went", "State"];
const LEFT = new Set([2, 3, 9, 10]);

class Pair extends Widget {
  build() {
    this.heading = element("h2", { class: "panel-title" }, "Pair");
    this.terms = element("p", { class: "muted" }, " ");
    this.disable = steerButton({ title: "Disable", isRisky: false, run: () => this.steer("disable") });
    this.enable = steerButton({ title: "Enable", isRisky: true, run: () => this.steer("enable") });
    this.unwind = steerButton({ title: "Unwind", isRisky: true, run: () => this.steer("unwind") });
    this.message = element("span", { class: "message", role: "status" }, "");
    this.rows = element("tbody");
    this.nothing = emptyRow(HEADS.length, "No orders of this pair yet.");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: LEFT.has(i) ? "left" : null }, title));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Orders of the pair"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.append(
      element("div", { class: "panel-head" }, this.heading),
      element("div", { class: "pairs-steer" }, this.disable, this.enable, this.unwind, this.message),
      this.terms,
      element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Orders of the pair" }, table),
    );
  }

  listen() {
    this.watch(pairs, ["pairs", "orders"]);
    this.watch(pairs, "answer", (command) => `${command.first}/${command.second}` === pairs.chosen && setText(this.message, answerText(command)));
  }

  async steer(action) {
    const { venue, first, second } = pairs.known.get(pairs.chosen);
    const answer = await commands.send({ type: "pairs.steer", venue, action, first, second });
    setText(this.message, answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "Asked.");
  }

  draw() {
    const pair = pairs.list().find((one) => one.name === pairs.chosen);
    setText(this.heading, pair ? `${pair.name}: ${format.words(pair.state)}` : "Pair");
    setText(this.terms, pair ? termsText(pair) : " ");
    const isDisabled = pair?.state === "disabled";
    setDisabled(this.disable, !pair || isDisabled);
    setDisabled(this.enable, !pair || !isDisabled);
    setDisabled(this.unwind, !pair || (!pair.held_first && !pair.held_second));
    arrange(this.rows, pairs.orders.length ? pairs.orders.map(row) : [this.nothing]);
  }
}

function termsText(pair) {
  const legs = `${pair.first_lots} ${pair.first} against ${pair.second_lots} ${pair.second}`;
  return `${legs} · hedge ${format.number(pair.hedge, 3)} · enters at ${pair.entry}, leaves inside ${pair.exit}, stops at ${pair.stop} deviations`;
}

function row(order) {
  const paid = order.fills.map((fill) => `${fill.is_bust ? "taken back " : ""}${fill.lots} at ${fill.price}`).join(", ");
  const state = `${format.words(order.state)}${order.reason ? `: ${format.words(order.reason)}` : ""}${order.is_adopted ? " (adopted)" : ""}`;
  const zscore = order.zscore === null ? format.NOTHING : format.signed(order.zscore, 2);
  const texts = [format.timeOfDay(order.decided_at_ns, true), String(order.order_id), order.symbol, order.side, String(order.lots), order.price, String(order.filled_lots), paid || format.NOTHING, zscore, `${format.words(order.before)} to ${format.words(order.after)}`, state];
  const cells = texts.map((text, i) => element("td", { class: LEFT.has(i) ? "left" : null, "data-side": i === 3 ? order.side : null, "data-state": i === 10 ? order.state : null }, text));
  const node = element("tr", {}, ...cells);
  setAttribute(node, "data-order", String(order.order_id));
  return node;
}

customElements.define("parley-pair", Pair);
