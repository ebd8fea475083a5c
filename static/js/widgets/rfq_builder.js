/** Builds a request of one to four legs. Margin before and after stands here before anything is sent. */

import { commands, subscribe } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { element, pressOnly, setDisabled, setText } from "../lib/dom.js";
import { roundToStep } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { hedgeIndex, legsText, netPrice } from "../lib/structure.js";
import { connection } from "../store/connection.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { choice, NumberField } from "./fields.js";
import { LegRows } from "./leg_rows.js";
import { MarginPreview } from "./margin_preview.js";
import { refusalText } from "./notices.js";

const LIVES = [30, 60, 120, 300, 600];
const LOCK_MS = 800;
const terms = (name) => page.instrument(name);

export class RfqBuilder {
  constructor() {
    this.side = "";
    this.lockedUntil = 0;
    this.note = element("span", { class: "panel-note" }, "");
    this.rows = new LegRows();
    this.quantity = new NumberField("Quantity", { onInput: () => this.changed(), className: "rfq-quantity" });
    this.quantity.value = "10";
    this.life = element("select", { class: "input", id: "rfq-life" }, ...LIVES.map((s) => element("option", { value: s }, format.countdown(s * 1000))));
    this.life.value = "120";
    this.sides = choice("Direction", [{ value: "", title: "Two-way" }, { value: "buy", title: "Buy" }, { value: "sell", title: "Sell" }], (side) => this.choose(side));
    this.makers = element("div", { class: "makers", role: "group", "aria-label": "Makers to ask" });
    this.margin = new MarginPreview({ buy: "If you buy", sell: "If you sell" });
    this.mark = element("span", { class: "muted" }, "");
    this.submit = element("button", { class: "button button-primary", type: "submit" }, "Request quotes");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.node = element("form", { class: "rfq-builder", autocomplete: "off", onsubmit: (event) => this.send(event) }, ...this.parts());
  }

  parts() {
    const life = element("div", { class: "field" }, element("label", { for: "rfq-life" }, "Life"), this.life);
    const side = element("div", { class: "field" }, element("span", { class: "label" }, "Direction"), this.sides);
    return [
      this.rows.node,
      element("div", { class: "rfq-controls" }, this.quantity.node, life, side),
      this.makers,
      this.mark,
      this.margin.node,
      this.submit,
      this.message,
    ];
  }

  /** @param {import("./widget.js").Widget} owner */
  listen(owner) {
    this.owner = owner;
    owner.watch(selection, "legs", () => this.changed());
    owner.watch(page, "instruments");
    this.addMakers();
  }

  addMakers() {
    if (this.makers.children.length) return;
    this.boxes = page.config.makers.map((maker) => {
      const box = element("input", { type: "checkbox", value: maker.id, onchange: () => invalidate(this.owner) });
      box.checked = true;
      this.makers.append(element("label", { class: "check" }, box, maker.name));
      return box;
    });
  }

  choose(side) {
    this.side = side;
    this.changed();
  }

  changed() {
    const { legs } = selection;
    subscribe(legs.map((leg) => `ticker.${leg.instrument_name}`));
    const sides = this.side ? [this.side] : ["buy", "sell"];
    this.margin.ask(legs.length && this.quantity.value ? { legs, quantity: this.quantity.value } : null, sides);
    invalidate(this.owner);
  }

  draw() {
    const { legs } = selection;
    this.rows.draw(legs);
    pressOnly(this.sides, this.side);
    this.quantity.setStep(this.quantityStep(legs), 0);
    this.drawMark(legs);
    const problem = this.problem(legs);
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || this.statement(legs));
    setText(this.note, legs.length ? `${legs.length} of 4 legs` : "");
    this.node.dataset.empty = String(legs.length === 0);
  }

  /** The coarsest lot of the legs: one unit of the structure trades ratio times as much of each. */
  quantityStep(legs) {
    const lots = legs.map((leg) => terms(leg.instrument_name)?.lot_size).filter(Boolean);
    return lots.sort((a, b) => Number(b) - Number(a))[0] ?? "1";
  }

  drawMark(legs) {
    const prices = legs.map((leg) => {
      const instrument = terms(leg.instrument_name);
      const mark = market.tickers.get(leg.instrument_name)?.mark_price;
      return instrument && mark ? roundToStep(mark, instrument.tick_size) : null;
    });
    const hedge = hedgeIndex(legs);
    const net = legs.length ? netPrice(legs, prices, hedge) : null;
    const currency = terms(legs.find((_, i) => i !== hedge)?.instrument_name)?.quote_currency ?? "";
    setText(this.mark, net === null ? "" : `Mark ${net} ${currency} per unit`);
  }

  problem(legs) {
    if (!legs.length) return "Add a leg from the chain";
    if (connection.state === "offline" || connection.state === "connecting") return `Not connected (${connection.state})`;
    const stale = legs.find((leg) => market.isStale(leg.instrument_name));
    if (stale) return `Price of ${stale.instrument_name} is stale`;
    if (!this.chosenMakers().length) return "Choose a maker";
    return this.quantity.problem;
  }

  chosenMakers() {
    return this.boxes.filter((box) => box.checked).map((box) => Number(box.value));
  }

  statement(legs) {
    const way = { "": "two-way quotes", buy: "offers", sell: "bids" }[this.side];
    const makers = this.chosenMakers().length;
    return `Request ${way} for ${this.quantity.value} × ${legs.length} leg${legs.length > 1 ? "s" : ""} from ${makers} maker${makers > 1 ? "s" : ""}`;
  }

  async send(event) {
    event.preventDefault();
    const { legs } = selection;
    if (this.problem(legs) || performance.now() < this.lockedUntil) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    const message = {
      type: "rfq.create",
      account_id: selection.accountId,
      legs,
      quantity: this.quantity.value,
      maker_firm_ids: this.chosenMakers(),
      side: this.side || null,
      life_seconds: Number(this.life.value),
    };
    this.say(`Sent: ${legsText(legs)}`, "wait");
    const answer = await commands.send(message, (state) => state === "unknown" && this.say("Unknown, checking", "wait"));
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`RFQ ${answer.entity_id} is open.`, "good");
  }

  say(text, kind) {
    setText(this.message, text);
    this.message.dataset.kind = kind;
  }
}
