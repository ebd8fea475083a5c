/** The selected instrument at every venue that the gateway is connected to, side by side, under the best of all. */

import { hold } from "../feeds/session.js";
import { serverNowMs } from "../lib/clock.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import { compareText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { isOld, market, STALE_AFTER_MS } from "../store/market.js";
import { selection } from "../store/selection.js";

const LEVELS = 10;
const LATENCIES_MAX = 500;
/** @type {Map<string, string>} what is said of a venue's answers to the firm's orders, until a route changes */
const answered = new Map();
firm.on("routes", () => answered.clear());

export class VenuesView {
  constructor() {
    this.best = element("div", { class: "venues-best", role: "status" }, "");
    this.columns = element("div", { class: "venues-columns" });
    this.node = element("div", { class: "venues", tabindex: 0, role: "region", "aria-label": "Depth by venue" }, this.best, this.columns);
    /** @type {Map<string, object>} what is drawn of each venue */
    this.shown = new Map();
  }

  /** Nothing is subscribed to while nobody looks. */
  leave() {
    hold(this, []);
    this.name = null;
  }

  draw() {
    if (selection.instrument !== this.name) this.choose(selection.instrument);
    const depth = market.venueDepths.get(this.name);
    const venues = depth?.venues ?? [];
    for (const { venue } of venues) if (!this.shown.has(venue)) this.add(venue);
    hold(this, venueKeys(this.name));
    setText(this.best, describeBest(this.name, depth));
    arrange(this.columns, venues.map(({ venue }) => this.shown.get(venue).node));
    for (const levels of venues) drawVenue(this.shown.get(levels.venue), levels, depth);
  }

  choose(name) {
    this.name = name;
    hold(this, venueKeys(name));
  }

  add(venue) {
    const [title, state, facts] = ["venue-title", "venue-state", "venue-facts muted"].map((name) => element("span", { class: name }, " "));
    const rows = Array.from({ length: LEVELS }, addRow);
    const head = element("div", { class: "venue-head" }, title, state, facts);
    const names = ["Size", "Bid", "Ask", "Size"].map((text) => element("span", { class: text === "Ask" ? "ask" : text === "Bid" ? "bid" : "size" }, text));
    const table = element("div", { class: "venue-rows" }, element("div", { class: "venue-row muted", "aria-hidden": "true" }, ...names), ...rows.map((row) => row.node));
    this.shown.set(venue, { title, state, facts, rows, node: element("section", { class: "venue", "data-venue": venue, "aria-label": venue }, head, table) });
  }
}

/** Depth of the instrument and connections of the venues that list it; nothing for no instrument. */
export function venueKeys(name) {
  if (!name) return [];
  const venues = market.venueDepths.get(name)?.venues ?? [];
  return [`venue_depth.${name}`, ...venues.map(({ venue }) => `venue_link.${venue}`)];
}

function addRow() {
  const cells = ["size", "price bid", "price ask", "size"].map((name) => element("span", { class: name }, " "));
  return { cells, node: element("div", { class: "venue-row" }, ...cells) };
}

function drawVenue(shown, levels, depth) {
  const link = market.venueLinks.get(levels.venue);
  const why = whyStale(levels, link);
  setText(shown.title, link?.title ?? levels.venue);
  setText(shown.state, why || "live");
  setText(shown.facts, link ? describeLink(link, levels) : "");
  setAttribute(shown.node, "data-stale", why !== "");
  shown.rows.forEach(({ cells, node }, i) => {
    const [bid, ask] = [levels.bids[i], levels.asks[i]];
    node.hidden = !bid && !ask;
    drawLevel(cells[0], cells[1], bid, !why && bid?.[0] === depth.best_bid?.price);
    drawLevel(cells[3], cells[2], ask, !why && ask?.[0] === depth.best_ask?.price);
  });
}

function drawLevel(size, price, level, isBest) {
  setText(size, level ? format.short(level[1]) : " ");
  setText(price, level ? format.exact(level[0]) : " ");
  setAttribute(price, "data-best", isBest);
}

/** Why this book must not be traded on, in words; nothing where it may. */
function whyStale(levels, link) {
  if (link && !["live", "syncing"].includes(link.state)) return link.state;
  const age = serverNowMs() - levels.heard_at_ns / 1e6;
  if (age > STALE_AFTER_MS) return `stale ${(age / 1000).toFixed(0)} s`;
  return levels.state === "live" ? "" : levels.state === "gap" ? "gap, asking again" : "catching up";
}

function describeLink(link, levels) {
  const age = Math.max(0, serverNowMs() - levels.updated_at_ns / 1e6) / 1000;
  const parts = [`changed ${age.toFixed(1)} s ago`];
  if (link.latency_ms !== undefined) parts.push(`${link.latency_ms.toFixed(1)} ms`);
  if (link.taker_fee_basis_points !== undefined) parts.push(`fees ${link.maker_fee_basis_points} / ${link.taker_fee_basis_points} bp`);
  parts.push(`${link.gaps ?? 0} gaps`);
  const orders = describeAnswers(link.venue);
  if (orders) parts.push(orders);
  if (link.connects > 1) parts.push(`${link.connects} connections`);
  return parts.join(" · ");
}

/** How long the venue took to answer the firm's newest orders: p50 and p99 of the nearest rank. */
function describeAnswers(venue) {
  if (!answered.has(venue)) {
    const routes = [...firm.routes.values()].filter((route) => route.venue === venue && route.latency_ms !== null);
    const newest = routes.sort((a, b) => b.route_id - a.route_id).slice(0, LATENCIES_MAX);
    const taken = newest.map((route) => route.latency_ms).sort((a, b) => a - b);
    const rank = (share) => taken[Math.ceil(taken.length * share) - 1].toFixed(1);
    answered.set(venue, taken.length ? `orders answered in p50 ${rank(0.5)}, p99 ${rank(0.99)} ms (of ${taken.length})` : "");
  }
  return answered.get(venue);
}

function describeBest(name, depth) {
  if (!depth) return name ? `No other venue shows ${name}` : "Choose an instrument";
  if (isOld(depth)) return "Nothing heard of any venue: what is shown is old";
  const [bid, ask] = [depth.best_bid, depth.best_ask];
  const text = (side, one) => (one ? `${side} ${format.exact(one.price)} × ${format.short(one.quantity)} (${one.venues.join(", ")})` : `${side} ${format.NOTHING}`);
  const isCrossed = bid && ask && compareText(bid.price, ask.price) >= 0;
  return [`Best of ${depth.venues.length}`, text("bid", bid), text("ask", ask), ...(isCrossed ? ["venues cross"] : [])].join(" · ");
}
