/** Connection, clock, theme and coins: what every page shows on top. */

import { isServerTimeKnown, serverNowMs } from "../lib/clock.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { connection } from "../store/connection.js";
import { isOld, market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import "./theme.js";
import { Widget } from "./widget.js";

const TITLES = {
  connecting: "Connecting",
  live: "Live",
  slow: "Slow",
  stale: "Stale",
  offline: "Offline",
};

class ConnectionState extends Widget {
  build() {
    this.word = element("b", {}, TITLES.connecting);
    this.latency = element("span", { title: "Round trip to the server" }, "");
    this.box = element("span", { class: "connection", "data-state": "connecting" }, element("i"), this.word, this.latency);
    this.spoken = element("span", { class: "hidden-text", role: "status" }, "");
    this.append(this.box, this.spoken);
  }

  listen() {
    this.watch(connection, "change");
    this.every(500);
  }

  draw() {
    const { state, latencyMs, isSignedOut } = connection;
    setAttribute(this.box, "data-state", state);
    setText(this.word, isSignedOut ? "Signed out" : TITLES[state]);
    setText(this.latency, latencyMs === null ? "" : `${Math.max(1, Math.round(latencyMs))} ms`);
    setText(this.spoken, `Connection ${TITLES[state]}`);
    if (isSignedOut) this.offerSignIn();
  }

  offerSignIn() {
    if (this.querySelector("a")) return;
    this.append(element("a", { href: page.config.signInUrl, class: "button" }, "Sign in again"));
  }
}

class Clock extends Widget {
  build() {
    this.text = element("span", { class: "clock", title: "Server time, UTC" }, " ");
    this.append(this.text);
  }

  listen() {
    this.watch(connection, "change");
    this.every(200);
  }

  draw() {
    const time = isServerTimeKnown() ? new Date(serverNowMs()).toISOString().slice(11, 19) : "--:--:--";
    setText(this.text, `${time} UTC`);
  }
}

class Coins extends Widget {
  build() {
    this.buttons = new Map();
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Coin");
  }

  listen() {
    this.watch(page, "instruments");
    this.watch(market, "index");
    this.watch(selection, "coin");
    this.every(1000);
  }

  draw() {
    const coins = [...new Set([...page.instruments.values()].map((instrument) => instrument.coin))].sort();
    for (const coin of coins) this.drawCoin(this.buttons.get(coin) ?? this.addCoin(coin), coin);
  }

  addCoin(coin) {
    const figure = element("span", { class: "figure" }, format.NOTHING);
    const note = element("small", {}, "");
    const button = element(
      "button",
      { class: "tab", type: "button", "data-coin": coin, onclick: () => selection.set({ coin }) },
      coin,
      figure,
      note,
    );
    this.append(button);
    this.buttons.set(coin, { button, figure, note });
    return this.buttons.get(coin);
  }

  drawCoin({ button, figure, note }, coin) {
    const index = market.indices.get(coin);
    setAttribute(button, "aria-pressed", String(selection.coin === coin));
    setText(figure, index ? format.number(index.price, 2) : format.NOTHING);
    setText(note, index && isOld(index) ? "stale" : "");
    setAttribute(note, "class", index && isOld(index) ? "stale-mark" : null);
  }
}

customElements.define("parley-connection", ConnectionState);
customElements.define("parley-clock", Clock);
customElements.define("parley-coins", Coins);
