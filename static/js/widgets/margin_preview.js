/** Margin before and after, asked from the server while the ticket or the builder changes. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { Turns } from "../lib/turns.js";
import { selection } from "../store/selection.js";

const ASK_AFTER_MS = 200;

export class MarginPreview {
  /** @param {Record<string, string>} titles what the row after is called, by side */
  constructor(titles) {
    this.now = element("dd", {}, format.NOTHING);
    this.after = new Map();
    this.node = element("dl", { class: "facts facts-wide margin-preview" });
    this.node.append(element("dt", { title: "Initial margin and equity, portfolio margin" }, "Margin now"), this.now);
    for (const [side, title] of Object.entries(titles)) {
      this.after.set(side, element("dd", {}, format.NOTHING));
      this.node.append(element("dt", { title: "As if traded at the mark" }, title), this.after.get(side));
    }
    this.turns = new Turns();
  }

  /** @param {{legs: object[], quantity: string} | null} structure @param {string[]} sides */
  ask(structure, sides) {
    clearTimeout(this.timer);
    const turn = this.turns.ask();
    for (const node of this.after.values()) show(node, null);
    if (structure === null || !selection.accountId) return;
    this.timer = setTimeout(() => sides.forEach((side) => this.fetch(structure, side, turn)), ASK_AFTER_MS);
  }

  async fetch(structure, side, turn) {
    const message = { type: "risk.preview_margin", account_id: selection.accountId, ...structure, side };
    const answer = await commands.send(message);
    const node = this.after.get(side) ?? this.after.values().next().value;
    if (!this.turns.isLast(turn)) return;
    if (answer.type === "command_refused") setText(node, format.words(answer.reason));
    else {
      show(this.now, answer.result.before);
      show(node, answer.result.after);
    }
  }
}

/** Initial margin against equity, in words too where it is more than there is. */
function show(node, margin) {
  const initial = Number(margin?.initial_margin);
  const equity = Number(margin?.equity);
  const used = initial / equity;
  const warning = used > 1 ? "TOO MUCH · " : "";
  setText(node, margin ? `${warning}${format.number(initial, 0)} of ${format.number(equity, 0)} USD · ${format.percent(used)}` : format.NOTHING);
  setAttribute(node, "class", used > 1 ? "danger-text" : null);
}
