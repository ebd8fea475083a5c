/** Profit at the first expiry and now, of the structure being built or of the account's positions. */

import { element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { describePayoff, evenGrid, firstExpiryYears, profitAt } from "../lib/payoff.js";
import { firm } from "../store/firm.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { Plot, token } from "./plot.js";

const POINTS = 160;
const YEAR_NS = 365 * 86_400 * 1e9;

export class PayoffChart {
  /** @param {"builder" | "positions"} source */
  constructor(source) {
    this.source = source;
    this.plot = new Plot("Profit by price of the underlying");
    this.node = this.plot.node;
    this.texts = ["Source", "Max profit", "Max loss", "Breakeven"].map((title) => {
      const value = element("b", {}, format.NOTHING);
      this.plot.facts.append(element("span", {}, `${title} `, value));
      return value;
    });
  }

  draw() {
    const isBuilding = this.source === "builder" && selection.legs.length > 0;
    const legs = isBuilding ? builderLegs() : positionLegs();
    const source = isBuilding ? "structure, 1 unit at mark" : `${selection.coin} positions`;
    setText(this.texts[0], source);
    const spot = market.indices.get(selection.coin)?.price;
    if (!legs.length || !spot) return this.empty();
    const facts = describePayoff(legs, spot);
    setText(this.texts[1], amount(facts.profitMax));
    setText(this.texts[2], amount(facts.lossMax));
    setText(this.texts[3], facts.breakevens.map((price) => format.number(price, 2)).join(", ") || "none");
    return this.plot.show(traces(legs, spot, facts), layoutOf(spot), `${source}.${selection.coin}`);
  }

  empty() {
    for (const text of this.texts.slice(1)) setText(text, format.NOTHING);
    this.plot.show([], { ...layoutOf(1), annotations: [{ text: "Add legs to the RFQ, or open a position", showarrow: false, x: 0.5, y: 0.5, xref: "paper", yref: "paper" }] }, "empty");
  }
}

function builderLegs() {
  return selection.legs.map((leg) => toLeg(leg.instrument_name, (leg.side === "buy" ? 1 : -1) * leg.ratio, leg.price ? Number(leg.price) : null)).filter(Boolean);
}

function positionLegs() {
  const own = [...firm.positions.values()].filter((one) => one.account_id === selection.accountId && Number(one.quantity) !== 0);
  return own.map((one) => toLeg(one.instrument_name, Number(one.quantity), Number(one.average_price))).filter(Boolean);
}

/** A leg of the payoff in coins and USD; entry at its average price, or at the mark. */
function toLeg(name, quantity, entry) {
  const instrument = page.instrument(name);
  const ticker = market.tickers.get(name);
  if (!instrument || instrument.coin !== selection.coin || !ticker?.mark_price) return null;
  const price = entry ?? ticker.mark_price;
  const isOption = instrument.kind === "option";
  const inCoin = isOption && instrument.is_inverse;
  const isUsdContract = !isOption && instrument.is_inverse;
  return {
    kind: instrument.kind,
    isCall: instrument.isCall,
    strike: instrument.strikeNumber ?? 0,
    quantity: isUsdContract ? (quantity * instrument.contractSize) / price : quantity * instrument.contractSize,
    entryUsd: inCoin ? price * (ticker.forward_price ?? 0) : price,
    years: Math.max((instrument.expiry_at_ns - market.marketTimeNs(instrument.coin)) / YEAR_NS, 0),
    volatility: ticker.mark_volatility ?? 0,
  };
}

function amount(value) {
  return Number.isFinite(value) ? `${format.signed(value, 2)} USD` : "Unlimited";
}

function traces(legs, spot, facts) {
  const strikes = legs.filter((leg) => leg.kind === "option").map((leg) => leg.strike);
  const low = Math.min(spot, ...strikes) * 0.75;
  const high = Math.max(spot, ...strikes) * 1.25;
  const grid = [...evenGrid(low, high, POINTS), ...strikes].sort((a, b) => a - b);
  const horizon = firstExpiryYears(legs);
  const line = (name, years, color, dash) => ({
    type: "scatter",
    mode: "lines",
    name,
    x: grid,
    y: grid.map((price) => profitAt(legs, price, years)),
    line: { color: token(color), width: 2, dash },
    hovertemplate: "%{y:,.0f} USD",
  });
  const end = line(facts.isCalendar ? "at first expiry" : "at expiry", horizon, "--color-accent", "solid");
  return [end, line("now", 0, "--color-bid", "dot"), breakevenMarks(facts.breakevens)];
}

function breakevenMarks(breakevens) {
  return {
    type: "scatter",
    mode: "markers",
    name: "breakeven",
    x: breakevens,
    y: breakevens.map(() => 0),
    marker: { color: token("--color-warning"), symbol: "diamond", size: 8 },
    hoverinfo: "skip",
  };
}

function layoutOf(spot) {
  const index = { type: "line", x0: spot, x1: spot, y0: 0, y1: 1, yref: "paper", line: { color: token("--color-faint"), width: 1, dash: "dash" } };
  return { xaxis: { title: { text: "Price of the underlying, USD" } }, yaxis: { title: { text: "Profit, USD" }, zerolinewidth: 1 }, shapes: [index] };
}
