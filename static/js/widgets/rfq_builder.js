/**
 * Builds a request: legs from the chain or by a structure's name, a hedge leg at a fixed price, whom to ask, shares of
 * accounts, drafts. What it would cost and the margin it would take stand here before anything is sent.
 */

import { commands, subscribe } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { element, pressOnly, setDisabled, setText } from "../lib/dom.js";
import { roundToStep } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { structureGreeks } from "../lib/greeks.js";
import { hedgeIndex, legsText, netPrice } from "../lib/structure.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { LEGS_MAX, selection } from "../store/selection.js";
import { AccountShares } from "./account_shares.js";
import { AudiencePicker } from "./audience_picker.js";
import { DraftBar } from "./draft_bar.js";
import { choice, NumberField } from "./fields.js";
import { LegRows } from "./leg_rows.js";
import { refusalText } from "./notices.js";
import { RfqPreview } from "./rfq_preview.js";
import { StructureMenu } from "./structure_menu.js";
import { StructureOrder } from "./structure_order.js";
import { VenueAsk } from "./venue_ask.js";

const LIVES = [30, 60, 120, 300, 600];
const LOCK_MS = 800;
const terms = (name) => page.instrument(name);
const ticker = (name) => market.tickers.get(name);

export class RfqBuilder {
  constructor() {
    this.side = "";
    this.lockedUntil = 0;
    const changed = () => this.changed();
    this.note = element("span", { class: "panel-note" }, "");
    this.rows = new LegRows();
    this.menu = new StructureMenu((problem) => this.say(problem, "bad"));
    this.quantity = new NumberField("Quantity", { onInput: changed, className: "rfq-quantity" });
    this.quantity.value = "10";
    this.life = element("select", { class: "input", id: "rfq-life" }, ...LIVES.map((s) => element("option", { value: s }, format.countdown(s * 1000))));
    this.life.value = "120";
    this.sides = choice("Direction", [{ value: "", title: "Two-way" }, { value: "buy", title: "Buy" }, { value: "sell", title: "Sell" }], (side) => this.choose(side));
    this.audience = new AudiencePicker(() => invalidate(this.owner));
    this.shares = new AccountShares(changed);
    this.drafts = new DraftBar({ terms: () => this.terms(), load: (draft) => this.load(draft) });
    this.preview = new RfqPreview({ buy: "If you buy", sell: "If you sell" });
    this.mark = element("p", { class: "structure-value" }, "");
    this.order = new StructureOrder({ quantity: this.quantity, blocked: (legs) => this.blocked(legs), onInput: changed });
    this.submit = element("button", { class: "button button-primary", type: "submit" }, "Request quotes");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.venues = new VenueAsk(() => this.terms(), (text, kind) => this.say(text, kind));
    this.node = element("form", { class: "rfq-builder", autocomplete: "off", onsubmit: (event) => this.send(event) }, ...this.parts());
  }

  parts() {
    const life = element("div", { class: "field" }, element("label", { for: "rfq-life" }, "Life"), this.life);
    const side = element("div", { class: "field" }, element("span", { class: "label" }, "Direction"), this.sides);
    return [
      element("div", { class: "structure-bar" }, this.menu.node, this.clearButton()),
      this.rows.node,
      this.mark,
      element("div", { class: "rfq-controls" }, this.quantity.node, life, side),
      this.audience.node,
      this.shares.node,
      this.drafts.node,
      this.preview.node,
      this.submit,
      this.venues.node,
      this.message,
      this.order.node,
    ];
  }

  clearButton() {
    this.clear = element("button", { class: "button button-small", type: "button", onclick: () => selection.set({ legs: [] }) }, "Clear");
    return this.clear;
  }

  /** @param {import("./widget.js").Widget} owner */
  listen(owner) {
    this.owner = owner;
    owner.watch(selection, "legs", () => this.changed());
    owner.watch(selection, "accountId", () => this.changed());
    owner.watch(page, "instruments");
    owner.watch(firm, ["drafts", "maker_groups"]);
  }

  choose(side) {
    this.side = side;
    this.changed();
  }

  changed() {
    subscribe(selection.legs.map((leg) => `ticker.${leg.instrument_name}`));
    const { legs, hedge } = this.structure();
    const isUsable = legs.length && this.quantity.value && (hedge === null || hedge.price);
    this.preview.ask(isUsable ? { legs, hedge, quantity: this.quantity.value, side: this.side || null } : null);
    invalidate(this.owner);
  }

  /** Priced legs and the hedge leg, as a message says them. */
  structure() {
    const of = ({ instrument_name, side, ratio }) => ({ instrument_name, side, ratio });
    const hedge = selection.legs.find((leg) => leg.is_hedge);
    return { legs: selection.legs.filter((leg) => !leg.is_hedge).map(of), hedge: hedge ? { ...of(hedge), price: hedge.price ?? "" } : null };
  }

  /** Everything that a request says. */
  terms() {
    return {
      account_id: selection.accountId,
      ...this.structure(),
      ...this.audience.value,
      quantity: this.quantity.value,
      allocations: this.shares.value,
      side: this.side || null,
      life_seconds: Number(this.life.value),
      label: this.drafts.label.value,
    };
  }

  /** Takes over what a draft says. */
  load(draft) {
    this.quantity.value = draft.quantity;
    this.life.value = String(draft.life_seconds);
    this.side = draft.side ?? "";
    this.audience.load(draft);
    this.shares.load(draft.allocations);
    const hedge = draft.hedge ? [{ ...draft.hedge, is_hedge: true }] : [];
    selection.set({ accountId: draft.account_id, legs: [...draft.legs, ...hedge] });
    this.changed();
  }

  draw() {
    const { legs } = selection;
    this.rows.draw(legs);
    pressOnly(this.sides, this.side);
    const step = this.quantityStep(legs);
    this.quantity.setStep(step, 0);
    this.shares.draw(step);
    this.audience.draw();
    this.drawMark(legs);
    this.order.draw(legs);
    const problem = this.problem(legs);
    this.drafts.draw(legs.length > 0 && this.quantity.problem === "");
    this.venues.draw(legs, this.blocked(legs) || this.quantity.problem);
    setDisabled(this.submit, problem !== "" || performance.now() < this.lockedUntil);
    setText(this.submit, problem || this.statement(legs));
    setText(this.note, legs.length ? `${legs.length} of ${LEGS_MAX} legs` : "");
    this.node.dataset.empty = String(legs.length === 0);
  }

  /** The coarsest lot of the legs: one unit of the structure trades ratio times as much of each. */
  quantityStep(legs) {
    return page.coarsest(legs, "lot_size") ?? "1";
  }

  drawMark(legs) {
    const prices = legs.map((leg) => {
      const instrument = terms(leg.instrument_name);
      const mark = ticker(leg.instrument_name)?.mark_price;
      return instrument && mark ? roundToStep(mark, instrument.tick_size) : null;
    });
    const hedge = hedgeIndex(legs);
    const net = legs.length ? netPrice(legs, prices, hedge) : null;
    const first = terms(legs.find((_, i) => i !== hedge)?.instrument_name);
    setText(this.mark, net === null ? "" : `Mark ${net} ${first?.quote_currency ?? ""} per unit${this.inDollars(net, first)}${this.greeksText(legs)}`);
  }

  inDollars(net, first) {
    const index = market.indices.get(first?.coin)?.price;
    return first?.quote_currency === first?.coin && index ? ` · ${format.number(Number(net) * index, 0)} USD` : "";
  }

  greeksText(legs) {
    const found = structureGreeks(legs, terms, ticker, Number(this.quantity.value ?? 0) || 1);
    if (found === null) return "";
    const volatility = found.volatility === null ? "" : ` · IV ${format.percent(found.volatility)}`;
    return `${volatility} · of ${this.quantity.value || 1}: delta ${format.signed(found.delta, 2)} · gamma ${format.signed(found.gamma, 5)} · vega ${format.signed(found.vega, 0)} · theta ${format.signed(found.theta, 0)}`;
  }

  problem(legs) {
    if (!legs.length) return "Add a leg from the chain";
    if (legs.every((leg) => leg.is_hedge)) return "A hedge leg needs a structure";
    const blocked = this.blocked(legs);
    if (blocked) return blocked;
    if (legs.some((leg) => leg.is_hedge && !leg.price)) return "Price the hedge leg";
    return this.audience.problem || this.quantity.problem || this.shares.problem(this.quantity.value);
  }

  /** Why nothing can be sent now, whatever is typed, or "". */
  blocked(legs) {
    if (!selection.accountId) return "No account";
    const stale = legs.find((leg) => market.isStale(leg.instrument_name));
    return connection.problem || (stale ? `Price of ${stale.instrument_name} is stale` : "");
  }

  statement(legs) {
    const way = { "": "two-way quotes", buy: "offers", sell: "bids" }[this.side];
    const makers = this.audience.makerIds.length;
    const hidden = this.audience.value.is_taker_anonymous ? ", without our name" : "";
    return `Request ${way} for ${this.quantity.value} × ${legs.length} leg${legs.length > 1 ? "s" : ""} from ${makers} maker${makers > 1 ? "s" : ""}${hidden}`;
  }

  async send(event) {
    event.preventDefault();
    const { legs } = selection;
    if (this.problem(legs) || performance.now() < this.lockedUntil) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    this.say(`Sent: ${legsText(legs)}`, "wait");
    const answer = await this.request();
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`RFQ ${answer.entity_id} is open.`, "good");
  }

  /** A draft that is loaded is saved as it stands here and sent under its own id. */
  async request() {
    const unknown = (state) => state === "unknown" && this.say("Unknown, checking", "wait");
    const { draftId } = this.drafts;
    const message = this.terms();
    if (draftId === null) return commands.send({ type: "rfq.create", ...message }, unknown);
    const saved = await commands.send({ type: "rfq.save_draft", rfq_id: draftId, ...message }, unknown);
    return saved.type === "command_refused" ? saved : commands.send({ type: "rfq.send_draft", rfq_id: draftId }, unknown);
  }

  say(text, kind) {
    setText(this.message, text);
    this.message.dataset.kind = kind;
  }
}
