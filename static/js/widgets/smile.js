/** The fitted smile of the chosen expiry against the market's bid and ask volatilities. */

import { element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { evenGrid } from "../lib/payoff.js";
import { surfaceVolatility } from "../lib/pricing.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { Plot, token } from "./plot.js";

const POINTS = 80;

export class SmileChart {
  constructor() {
    this.plot = new Plot("Implied volatility by strike");
    this.node = this.plot.node;
    this.text = element("span", {}, "");
    this.plot.facts.append(this.text);
  }

  draw() {
    const { coin, expiry } = selection;
    const options = page.list(coin, (one) => one.kind === "option" && one.expiryCode === expiry && one.isListed);
    const slice = market.surfaces.get(coin)?.slices.find((one) => one.underlying_name === `${coin}-${expiry}`);
    const quotes = quotedVolatilities(options);
    setText(this.text, describe(slice, expiry));
    this.plot.show(traces(quotes, slice, options), layoutOf(), `${coin}.${expiry}`);
  }
}

/** Out-of-the-money quotes only: where both are quoted they carry the volatility. */
function quotedVolatilities(options) {
  const rows = [];
  for (const option of options) {
    const ticker = market.tickers.get(option.name);
    const isOut = ticker && option.isCall === option.strikeNumber >= (ticker.forward_price ?? 0);
    if (isOut) rows.push({ strike: option.strikeNumber, ticker });
  }
  return rows.sort((a, b) => a.strike - b.strike);
}

function traces(quotes, slice, options) {
  const percent = (value) => (value ? value * 100 : null);
  const points = (field, name, color, symbol) => ({
    type: "scatter",
    mode: "markers",
    name,
    x: quotes.map((row) => row.strike),
    y: quotes.map((row) => percent(row.ticker[field])),
    marker: { color: token(color), symbol, size: 7 },
    hovertemplate: "%{y:.2f}%",
  });
  const found = [points("bid_volatility", "bid IV", "--color-bid", "triangle-up"), points("ask_volatility", "ask IV", "--color-ask", "triangle-down")];
  return slice ? [curve(slice, options), ...found] : found;
}

function curve(slice, options) {
  const strikes = options.map((option) => option.strikeNumber);
  const grid = evenGrid(Math.min(...strikes), Math.max(...strikes), POINTS);
  return {
    type: "scatter",
    mode: "lines",
    name: "SVI fit",
    x: grid,
    y: grid.map((strike) => surfaceVolatility(slice, strike) * 100),
    line: { color: token("--color-accent"), width: 2, dash: slice.is_stale ? "dash" : "solid" },
    hovertemplate: "%{y:.2f}%",
  };
}

function layoutOf() {
  return { xaxis: { title: { text: "Strike" } }, yaxis: { title: { text: "IV, %" }, ticksuffix: "" } };
}

function describe(slice, expiry) {
  if (!slice) return `No fitted slice of ${expiry} yet`;
  const state = slice.is_stale ? ` · stale: ${slice.stale_reason || "kept from before"}` : "";
  return `Forward ${format.number(slice.forward_price, 2)} · ${format.number(slice.years * 365, 1)} days · ${format.percent(slice.share_inside, 0)} of quotes inside bid and ask${state}`;
}
