/** Live risk of the account: the strip under the header, the risk tab, and the parts of the risk page. */

import { subscribe } from "../feeds/session.js";
import { arrange, element, setAttribute, setText, setVariable } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { firm } from "../store/firm.js";
import { isOld } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { Widget } from "./widget.js";

const HIGH = 0.75;
const GREEKS = [
  ["delta", 3],
  ["gamma", 5],
  ["vega", 0],
  ["theta", 0],
];
const UNITS = { delta: "coins", gamma: "coins per USD", vega: "USD per vol point", theta: "USD per day" };
const MONEY = [
  ["equity", "Equity"],
  ["initial_margin", "Initial margin"],
  ["maintenance_margin", "Maintenance"],
  ["unrealized", "Unrealized"],
  ["cash", "Cash"],
];

const chosen = () => firm.risks.get(selection.accountId);

/** Marks a meter by how much of the margin is used, in size, color and word. */
function drawMeter(meter, word, used) {
  const level = used >= 1 ? "breach" : used >= HIGH ? "high" : "normal";
  setAttribute(meter, "data-level", level);
  setAttribute(meter, "aria-valuenow", Number.isFinite(used) ? String(Math.round(used * 100)) : null);
  setVariable(meter.firstChild, "--share", Math.min(Math.max(used || 0, 0), 1).toFixed(4));
  setText(word, { normal: "OK", high: "HIGH", breach: "NO NEW RISK" }[level]);
  setAttribute(word, "class", { normal: "ok-text", high: "warning-text", breach: "danger-text" }[level]);
}

function addMeter() {
  return element("div", { class: "meter", role: "meter", "aria-label": "Margin used", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, element("i"));
}

function staleText(risk) {
  if (!risk) return "waiting for the risk process";
  return isOld(risk) ? "stale: no frame for 2 s" : risk.is_stale ? "stale marks" : "";
}

class AccountStrip extends Widget {
  build() {
    this.meter = addMeter();
    this.word = element("span", {}, "");
    this.used = element("dd", {}, format.NOTHING);
    this.stats = new Map();
    const head = element("dl", { class: "stat" }, element("dt", {}, "Margin used"), this.used);
    this.stale = element("span", { class: "stale-mark stat" }, "");
    this.append(head, element("div", { class: "stat" }, this.meter, this.word));
    for (const [field, title] of MONEY.slice(0, 4)) this.append(this.addStat(field, title));
    this.coin = element("span", { class: "stat" }, "");
    this.append(this.coin);
    for (const [greek] of GREEKS) this.append(this.addStat(greek, `Net ${greek}`));
    this.append(this.stale);
  }

  addStat(id, title) {
    const value = element("dd", {}, format.NOTHING);
    this.stats.set(id, value);
    return element("dl", { class: "stat" }, element("dt", { title: UNITS[id] ?? "USD" }, title), value);
  }

  listen() {
    this.watch(firm, "risk");
    this.watch(selection, ["accountId", "coin"]);
    this.every(1000);
  }

  draw() {
    const risk = chosen();
    setText(this.stale, staleText(risk));
    if (!risk) return;
    drawMeter(this.meter, this.word, risk.margin_used);
    setText(this.used, format.percent(risk.margin_used));
    for (const [field] of MONEY.slice(0, 4)) setText(this.stats.get(field), format.number(risk[field], 0));
    const greeks = risk.greeks[selection.coin] ?? {};
    setText(this.coin, selection.coin);
    for (const [greek, decimals] of GREEKS) setText(this.stats.get(greek), format.signed(greeks[greek] ?? 0, decimals));
  }
}

/** Builds and draws the same risk overview for the tab and the page. */
export class RiskOverview {
  constructor() {
    this.meter = addMeter();
    this.word = element("span", {}, "");
    this.used = element("strong", {}, format.NOTHING);
    this.model = element("span", { class: "faint" }, "");
    this.stale = element("span", { class: "stale-mark" }, "");
    this.tiles = new Map(MONEY.map(([field]) => [field, element("dd", {}, format.NOTHING)]));
    const tiles = MONEY.map(([field, title]) => element("div", { class: "tile" }, element("dt", {}, `${title}, USD`), this.tiles.get(field)));
    this.worst = element("dd", {}, format.NOTHING);
    tiles.push(element("div", { class: "tile" }, element("dt", {}, "Worst scenario"), this.worst));
    this.greeks = element("tbody");
    this.rows = new Map();
    this.node = element(
      "div",
      { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Risk" },
      element("div", { class: "gauge" }, this.used, this.meter, this.word, element("span", { class: "muted" }, "margin used"), this.stale, this.model),
      element("dl", { class: "tiles" }, ...tiles),
      greekTable(this.greeks),
    );
  }

  draw() {
    const risk = chosen();
    setText(this.stale, staleText(risk));
    if (!risk) return;
    drawMeter(this.meter, this.word, risk.margin_used);
    setText(this.used, format.percent(risk.margin_used));
    setText(this.model, risk.model_version);
    for (const [field, node] of this.tiles) setText(node, format.number(risk[field], 0));
    setText(this.worst, risk.worst_scenario ? format.words(risk.worst_scenario) : format.NOTHING);
    arrange(this.greeks, Object.keys(risk.greeks).sort().map((coin) => this.drawGreeks(coin, risk.greeks[coin])));
  }

  drawGreeks(coin, values) {
    if (!this.rows.has(coin)) {
      const cells = GREEKS.map(() => element("td", {}, ""));
      this.rows.set(coin, { node: element("tr", {}, element("th", { scope: "row", class: "left" }, coin), ...cells), cells });
    }
    const { node, cells } = this.rows.get(coin);
    GREEKS.forEach(([greek, decimals], i) => setText(cells[i], format.signed(values[greek] ?? 0, decimals)));
    return node;
  }
}

function greekTable(body) {
  const heads = GREEKS.map(([greek]) => element("th", { scope: "col", title: UNITS[greek] }, greek[0].toUpperCase() + greek.slice(1)));
  const row = element("tr", {}, element("th", { scope: "col", class: "left" }, "Coin"), ...heads);
  return element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Greeks by coin"), element("thead", {}, row), body);
}

class RiskSummary extends Widget {
  build() {
    this.overview = new RiskOverview();
    this.append(this.overview.node);
  }

  listen() {
    this.watch(firm, "risk");
    this.every(1000);
  }

  draw() {
    this.overview.draw();
  }
}

/** One row per position of the risk frame, with every figure that the frame carries. */
class RiskPositions extends Widget {
  build() {
    this.table = new PositionTable();
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "Positions")), this.table.node);
  }

  listen() {
    subscribe([]);
    this.watch(firm, "risk");
  }

  draw() {
    this.table.draw();
  }
}

const HIDDEN_FIELDS = new Set(["instrument_name", "coin", "account_id"]);
const FIELD_TITLES = { quantity: "Size", average_price: "Avg price", mark_price: "Mark", volatility: "IV", value: "Value USD", unrealized: "Unrealized USD" };
const DECIMALS = { delta: 4, gamma: 6, vega: 2, theta: 2, value: 2, unrealized: 2 };

export class PositionTable {
  constructor() {
    this.head = element("tr");
    this.body = element("tbody");
    this.rows = new Map();
    this.fields = "";
    this.empty = element("p", { class: "panel-empty" }, "No position");
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Risk by position"), element("thead", {}, this.head), this.body);
    this.node = element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Risk by position" }, table, this.empty);
  }

  draw() {
    const positions = chosen()?.positions ?? [];
    this.empty.hidden = positions.length > 0;
    if (!positions.length) return this.body.replaceChildren();
    const fields = Object.keys(positions[0]).filter((field) => !HIDDEN_FIELDS.has(field));
    if (fields.join() !== this.fields) this.setFields(fields);
    return arrange(this.body, positions.map((position) => this.drawRow(position, fields)));
  }

  setFields(fields) {
    this.fields = fields.join();
    this.rows.clear();
    const titles = fields.map((field) => element("th", { scope: "col", title: UNITS[field] }, FIELD_TITLES[field] ?? field[0].toUpperCase() + field.slice(1)));
    this.head.replaceChildren(element("th", { scope: "col", class: "left" }, "Instrument"), ...titles);
  }

  drawRow(position, fields) {
    const name = position.instrument_name;
    if (!this.rows.has(name)) {
      const cells = fields.map(() => element("td", {}, ""));
      this.rows.set(name, { node: element("tr", {}, element("th", { scope: "row", class: "left" }, name), ...cells), cells });
    }
    const { node, cells } = this.rows.get(name);
    fields.forEach((field, i) => setText(cells[i], figure(field, position[field], name)));
    return node;
  }
}

/** Prices on the instrument's digits, the volatility in percent, amounts with their sign. */
function figure(field, value, name) {
  if (typeof value !== "number") return format.short(value);
  if (field === "volatility") return value ? format.percent(value) : format.NOTHING;
  if (field.endsWith("price")) return format.number(value, page.instrument(name)?.priceDecimals ?? 4);
  if (field === "quantity") return format.signed(value, page.instrument(name)?.quantityDecimals ?? 4);
  return format.signed(value, DECIMALS[field] ?? 2);
}

customElements.define("parley-account-strip", AccountStrip);
customElements.define("parley-risk-summary", RiskSummary);
customElements.define("parley-risk-positions", RiskPositions);
