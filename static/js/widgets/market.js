/** The market panel: one tab for what does not expire or has no strike, one for each expiry of the option chain. */

import { subscribe } from "../feeds/session.js";
import { invalidate } from "../lib/draw.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import { listExpiries } from "../lib/expiries.js";
import * as format from "../lib/format.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { ChainTable } from "./chain.js";
import { QuoteList } from "./quote_list.js";
import { Widget } from "./widget.js";

const FUTURES = "futures";
const NEAR_EXPIRIES_SKIPPED_MS = 12 * 3_600_000;

class MarketPanel extends Widget {
  build() {
    this.tabs = element("div", { class: "tabs expiries", role: "group", "aria-label": "Expiry" });
    this.note = element("span", { class: "stale-mark", role: "status" }, "");
    this.chain = new ChainTable();
    this.list = new QuoteList();
    this.append(element("div", { class: "panel-head" }, this.tabs, this.note), this.chain.node, this.list.node);
    this.buttons = new Map();
  }

  listen() {
    this.watch(page, "instruments", () => this.listed());
    this.watch(selection, ["coin"], () => this.listed());
    this.watch(selection, ["expiry", "instrument"]);
    this.watch(market, "ticker", (name) => this.moved(name));
    this.watch(market, "surface");
    this.every(500);
  }

  /** The instruments or the coin changed: choose an expiry that exists, and ask for the coin's tickers. */
  listed() {
    const { coin } = selection;
    const expiries = listExpiries(page, coin);
    if (!expiries.length && !page.instruments.size) return;
    subscribe([`chain.${coin}`, `index.${coin}`, `surface.${coin}`, "venue.status"]);
    if (selection.expiry !== FUTURES && !expiries.some(({ code }) => code === selection.expiry)) {
      selection.set({ expiry: firstUseful(expiries, coin) });
    }
    this.rebuild = true;
    invalidate(this);
  }

  moved(name) {
    this.chain.dirty.add(name);
    this.list.dirty.add(name);
    invalidate(this);
  }

  draw() {
    const { coin, expiry } = selection;
    this.drawTabs(coin, expiry);
    const isFutures = expiry === FUTURES;
    this.chain.node.hidden = isFutures;
    this.list.node.hidden = !isFutures;
    if (isFutures) this.list.show(coin);
    else this.chain.show(coin, expiry);
    const stale = isFutures ? "" : this.chain.staleText;
    setText(this.note, stale);
  }

  drawTabs(coin, selected) {
    const expiries = [{ code: FUTURES, atNs: 0 }, ...listExpiries(page, coin)];
    const now = market.marketTimeNs(coin);
    arrange(this.tabs, expiries.map(({ code, atNs }) => this.drawTab(code, atNs, now, selected)));
  }

  drawTab(code, atNs, nowNs, selected) {
    const tab = this.buttons.get(code) ?? this.addTab(code);
    setAttribute(tab.button, "aria-pressed", String(code === selected));
    setText(tab.left, atNs ? format.untilExpiry((atNs - nowNs) / 1e6) : "spot");
    return tab.button;
  }

  addTab(code) {
    const left = element("small", {}, "");
    const title = code === FUTURES ? "Futures" : spaced(code);
    const button = element("button", { class: "tab", type: "button", onclick: () => selection.set({ expiry: code }) }, title, left);
    this.buttons.set(code, { button, left });
    return this.buttons.get(code);
  }
}

/** `27MAR26` -> `27 MAR 26`. */
function spaced(code) {
  return code.replace(/^(\d+)([A-Z]+)(\d+)$/, "$1 $2 $3");
}

/** The first expiry that is not about to go. */
function firstUseful(expiries, coin) {
  const now = market.marketTimeNs(coin);
  const later = expiries.find(({ atNs }) => (atNs - now) / 1e6 > NEAR_EXPIRIES_SKIPPED_MS);
  return (later ?? expiries[0])?.code ?? FUTURES;
}

customElements.define("parley-market", MarketPanel);
