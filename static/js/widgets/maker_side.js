/** The maker's side panel: auto-quoter and protection by tab, the state of the protection and the way to take back every quote. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { protectionState } from "../lib/protection.js";
import { TwoClicks } from "../lib/two_clicks.js";
import { firm } from "../store/firm.js";
import { notify, refusalText } from "./notices.js";
import "./protection.js";
import "./quoter.js";
import { Widget } from "./widget.js";

const TABS = { quoter: "Auto-quoter", protection: "Protection" };

class MakerSide extends Widget {
  build() {
    this.clicks = new TwoClicks();
    /** @type {Map<string, number | null>} the freeze of each coin that was told */
    this.told = new Map();
    this.parts = new Map(Object.keys(TABS).map((name) => [name, element(`parley-${name}`)]));
    this.tabs = new Map(Object.keys(TABS).map((name) => [name, element("button", { class: "tab", type: "button", "data-tab": name, onclick: () => this.choose(name) }, TABS[name])]));
    this.cancel = element("button", { class: "button button-small", type: "button", "data-do": "cancel-quotes", onclick: (click) => this.press(click) }, "");
    this.append(element("div", { class: "panel-head" }, element("div", { class: "tabs", role: "group", "aria-label": "Maker" }, ...this.tabs.values()), this.cancel));
    for (const part of this.parts.values()) this.append(part);
    this.choose("quoter");
  }

  listen() {
    this.watch(firm, ["rfqs", "protections", "loaded"]);
    this.watch(firm, "fact", (fact) => fact.type === "rfq.protection_changed" && this.changed(fact.protection));
    this.every(500);
  }

  choose(name) {
    for (const [one, part] of this.parts) {
      setAttribute(this.tabs.get(one), "aria-pressed", String(one === name));
      part.hidden = one !== name;
    }
  }

  draw() {
    const frozen = [...firm.protections.values()].filter((view) => protectionState(view) === "frozen").map((view) => view.coin);
    const tab = this.tabs.get("protection");
    setText(tab, frozen.length ? `Protection: ${frozen.join(", ")} FROZEN` : TABS.protection);
    setAttribute(tab, "data-alarm", String(frozen.length > 0));
    const count = activeQuotes();
    const { isArmed } = this.clicks;
    setText(this.cancel, isArmed ? `Confirm: ${count} quotes` : `Cancel quotes (${count})`);
    setAttribute(this.cancel, "data-armed", String(isArmed));
  }

  /** The second click takes back every quote of the firm. */
  press(click) {
    if (this.clicks.press(click)) this.cancelAll();
    this.draw();
  }

  async cancelAll() {
    const answer = await commands.send({ type: "rfq.cancel_all_quotes" }, (state) => state === "unknown" && notify("Cancel quotes: unknown, checking", "wait"));
    if (answer.type === "command_refused") return notify(`Quotes not canceled. ${refusalText(answer)}`, "bad");
    const isOn = [...firm.quoters.values()].some(({ parameters }) => parameters.is_on);
    return notify(`${answer.result.quotes_canceled} quotes withdrawn.${isOn ? " The auto-quoter is on and may quote new requests." : ""}`);
  }

  /** A freeze is told wherever one looks on this page. */
  changed(view) {
    const isFrozen = protectionState(view) === "frozen";
    if (isFrozen && this.told.get(view.coin) !== view.frozen_at_ns) notify(`${view.coin} is frozen: ${format.words(view.hit)} limit hit, quotes withdrawn.`, "bad");
    this.told.set(view.coin, view.frozen_at_ns);
  }
}

function activeQuotes() {
  return [...firm.rfqs.values()].filter((rfq) => rfq.role === "maker").flatMap((rfq) => rfq.quotes).filter((quote) => quote.state === "active").length;
}

customElements.define("parley-maker-side", MakerSide);
