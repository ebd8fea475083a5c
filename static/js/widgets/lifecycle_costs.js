/** What an order has cost so far against arrival, market and mid, and how long each venue took to answer. */

import { arrange, element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { page } from "../store/page.js";
import { priceText } from "./price_text.js";
import { titleOf } from "./ticket_venue.js";
import { unitOf } from "./ticket_value.js";

const HEADS = ["Venue", "Sent", "Answered", "Rejected", "Median ms", "Worst ms"];
const FACTS = {
  "Filled": (view) => `${format.exact(view.filled_quantity)} of ${format.exact(view.quantity)} ${unit(view)}`,
  "Working": (view) => format.exact(view.working_quantity ?? view.leaves_quantity),
  "Due by now": (view) => (view.plan?.length ? format.exact(view.scheduled_quantity) : format.NOTHING),
  "Average": (view) => priceText(view.instrument_name, view.average_price),
  "Arrival mid": (view, costs) => priceText(view.instrument_name, costs.arrival_mid),
  "Mid now": (view, costs) => priceText(view.instrument_name, costs.mid),
  "Market VWAP": (view, costs) => priceText(view.instrument_name, costs.market_price),
  "Market volume": (_, costs) => format.exact(costs.market_quantity),
  "Cost vs arrival": (_, costs) => costText(costs.arrival_basis_points),
  "Cost vs VWAP": (_, costs) => costText(costs.market_basis_points),
  "Cost vs mid": (_, costs) => costText(costs.mid_basis_points),
  "Children": (view) => (view.children === undefined ? format.NOTHING : `${view.children}, ${view.rejected} rejected`),
};

export class LifecycleCosts {
  constructor() {
    this.values = Object.fromEntries(Object.keys(FACTS).map((name) => [name, element("dd", {}, format.NOTHING)]));
    this.rows = element("tbody");
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: i ? null : "left" }, title));
    this.table = element("table", { class: "grid latencies" }, element("caption", { class: "hidden-text" }, "Latency by venue"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    const facts = Object.entries(this.values).flatMap(([name, node]) => [element("dt", {}, name), node]);
    this.node = element("div", { class: "lifecycle-costs" }, element("dl", { class: "parent-facts" }, ...facts), this.table);
  }

  draw(view, loaded) {
    const costs = costsOf(view) ?? loaded?.costs ?? {};
    for (const [name, text] of Object.entries(FACTS)) setText(this.values[name], text(view, costs) || format.NOTHING);
    for (const name of ["Due by now", "Children"]) this.values[name].hidden = this.values[name].previousSibling.hidden = view.plan === undefined;
    const latencies = loaded?.latencies ?? [];
    this.table.hidden = latencies.length === 0;
    arrange(this.rows, latencies.map(latencyRow));
  }
}

/** A parent order's figures come with each of its facts. */
function costsOf(view) {
  if (view.parent_order_id === undefined || view.plan === undefined) return null;
  const { arrival_mid, mid, market_price, market_quantity } = view;
  return { arrival_mid, mid, market_price, market_quantity, arrival_basis_points: view.cost_arrival_basis_points, market_basis_points: view.cost_market_basis_points, mid_basis_points: view.cost_mid_basis_points };
}

function latencyRow({ venue, sent, answered, rejected, median_ms, worst_ms }) {
  const figure = (value) => (value === null ? format.NOTHING : format.number(value, 1));
  const texts = [titleOf(venue), sent, answered, rejected, figure(median_ms), figure(worst_ms)];
  return element("tr", { "data-venue": venue }, ...texts.map((text, i) => element("td", { class: i ? null : "left" }, String(text))));
}

function unit(view) {
  const instrument = page.instrument(view.instrument_name);
  return instrument ? unitOf(instrument) : "";
}

/** Basis points, positive is worse, and says so. */
function costText(text) {
  if (text === null || text === undefined) return format.NOTHING;
  if (Number(text) === 0) return "0 bp";
  return `${text.replace("-", "")} bp ${Number(text) > 0 ? "worse" : "better"}`;
}
