/**
 * Where an order goes: our own book, one other venue, or the best of all, of which the plan is shown before the click.
 * The plan that is shown is what the command carries.
 */

import { commands, hold } from "../feeds/session.js";
import { serverNowMs } from "../lib/clock.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { venueKeys } from "./venues.js";

const OWN = "";
export const BEST = "best";
const ASK_EVERY_MS = 800;
/** A plan older than this is not what would be sent. */
const PLAN_OLD_MS = 4000;
const HEADS = ["Venue", "Size", "To", "Fee bp"];

export class TicketVenue {
  /** @param {(changes: object) => void} onChoose */
  constructor(onChoose) {
    this.select = element("select", { class: "input", id: "ticket-venue", onchange: () => onChoose({ venue: this.select.value }) });
    this.rows = element("tbody");
    this.note = element("p", { class: "muted plan-note", role: "status" }, " ");
    const heads = HEADS.map((text, i) => element("th", { scope: "col", class: i ? null : "left" }, text));
    this.table = element("table", { class: "grid plan" }, element("caption", { class: "hidden-text" }, "Plan over the venues"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.plan = element("div", { hidden: true }, this.table, this.note);
    this.node = element("div", { class: "ticket-venue" }, element("div", { class: "field" }, element("label", { for: "ticket-venue" }, "Venue"), this.select), this.plan);
    this.options = new Map();
    this.shown = null;
    this.askedAt = 0;
    this.turn = 0;
  }

  /** @param {{venue?: string}} state @param {{quantity: string, price: string | null, side: string} | null} wanted */
  draw(state, wanted) {
    hold(this, venueKeys(selection.instrument));
    const venue = state.venue ?? OWN;
    arrange(this.select, this.choices(venue, Boolean(state.algo)).map(([value, title]) => this.option(value, title)));
    if (this.select.value !== venue) this.select.value = venue;
    this.plan.hidden = venue !== BEST;
    if (venue === BEST) this.ask(wanted);
  }

  /** An algorithm follows one book. */
  choices(chosen, isAlgo) {
    const venues = (market.venueDepths.get(selection.instrument)?.venues ?? []).map(({ venue }) => venue);
    const able = venues.filter((venue) => market.venueLinks.get(venue)?.takes_orders);
    const named = able.map((venue) => [venue, titleOf(venue)]);
    const rest = chosen && chosen !== BEST && !able.includes(chosen) ? [[chosen, titleOf(chosen)]] : [];
    return [[OWN, "Parley's own book"], ...named, ...rest, ...(isAlgo ? [] : [[BEST, "Best of venues"]])];
  }

  option(value, title) {
    if (!this.options.has(value)) this.options.set(value, element("option", { value }, title));
    const node = this.options.get(value);
    setText(node, title);
    return node;
  }

  ask(wanted) {
    const key = wanted && JSON.stringify(wanted);
    const now = performance.now();
    if (key !== this.key) {
      this.key = key;
      this.show(null, wanted ? "Asking for a plan" : "Size and limit price make a plan");
    } else if (now - this.askedAt < ASK_EVERY_MS) return;
    if (!wanted || !selection.accountId) return;
    this.askedAt = now;
    this.turn += 1;
    this.fetch(wanted, this.turn);
  }

  async fetch(wanted, turn) {
    const message = { type: "route.preview_best", account_id: selection.accountId, instrument_name: selection.instrument, ...wanted };
    const answer = await commands.send(message);
    if (turn !== this.turn) return;
    if (answer.type === "command_refused") this.show(null, refusalText(answer));
    else this.show(answer.result, "");
  }

  show(plan, note) {
    this.shown = plan;
    const parts = plan?.parts ?? [];
    this.table.hidden = parts.length === 0;
    arrange(this.rows, parts.map(partRow));
    setText(this.note, note || planText(plan));
    setAttribute(this.note, "data-kind", plan && Number(plan.unfilled_quantity) > 0 ? "bad" : null);
  }

  /** Why the plan cannot be sent now, or "". */
  problem() {
    if (!this.shown) return "No plan over the venues yet";
    if (serverNowMs() - this.shown.at_ns / 1e6 > PLAN_OLD_MS) return "The plan is old: asking again";
    return this.shown.parts.length ? "" : "Nothing to take within the limit";
  }

  /** To one venue, or over all of them as the plan says: what the button says and what is sent. */
  statement(usual, { venue, orderType, timeInForce }, instrument, isPostOnly) {
    const at = usual.price === null ? "at market" : `at ${usual.price} ${instrument.quote_currency}`;
    const start = `${usual.side === "buy" ? "Buy" : "Sell"} ${usual.quantity} ${instrument.name} ${at}`;
    if (venue === BEST) {
      const { words, parts } = this.confirmed();
      return Object.freeze({ text: `${start} or better: ${words}`, message: Object.freeze({ type: "route.place_best", ...usual, parts }) });
    }
    const terms = { venue, order_type: orderType, time_in_force: timeInForce, is_post_only: isPostOnly };
    const text = `${start} ${timeInForce.toUpperCase()}${isPostOnly ? " post-only" : ""} to ${venue}`;
    return Object.freeze({ text, message: Object.freeze({ type: "route.place", ...usual, ...terms }) });
  }

  /** The plan as it is confirmed: words for the button, parts for the command. */
  confirmed() {
    const words = this.shown.parts.map((part) => `${nameOf(part.venue)} ${format.exact(part.quantity)}`).join(" + ");
    const parts = this.shown.parts.map(({ venue, quantity, price }) => ({ venue, quantity, price }));
    return { words, parts };
  }
}

/** Other venues take limit and market orders; a split order has a limit, and what a part leaves open is routed anew. */
export function keepToVenues(state) {
  if (!state.venue) return;
  const isBest = state.venue === BEST;
  if (isBest || !["limit", "market"].includes(state.orderType)) state.orderType = "limit";
  if (isBest) Object.assign(state, { timeInForce: "ioc", isPostOnly: false });
  if (state.timeInForce === "gtd") state.timeInForce = "gtc";
}

function partRow(part) {
  const cells = [titleOf(part.venue), format.exact(part.quantity), format.exact(part.price), part.fee_basis_points];
  return element("tr", { "data-venue": part.venue }, ...cells.map((text, i) => element("td", { class: i ? null : "left" }, text)));
}

function planText(plan) {
  const single = plan.best_single_price ? ` · ${nameOf(plan.best_single_venue)} alone ${format.exact(plan.best_single_price)}` : "";
  const open = Number(plan.unfilled_quantity) > 0 ? ` · ${format.exact(plan.unfilled_quantity)} open within the limit` : "";
  if (!plan.all_in_price) return "Nothing to take within the limit";
  return `All-in ${format.exact(plan.all_in_price)} · fees ${format.exact(plan.fees)} ${plan.currency}${single}${open}`;
}

export function titleOf(venue) {
  return venue === "parley" ? "Parley's own book" : (market.venueLinks.get(venue)?.title ?? venue);
}

/** Without what it is in parentheses. */
export function nameOf(venue) {
  return titleOf(venue).replace(/ \(.*\)$/, "");
}
