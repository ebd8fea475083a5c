/** Fills the builder with a structure by its name, at the expiry that the chain shows. */

import { element } from "../lib/dom.js";
import { listExpiries } from "../lib/expiries.js";
import { legsOf, TEMPLATES } from "../lib/templates.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";

export class StructureMenu {
  /** @param {(problem: string) => void} onProblem */
  constructor(onProblem) {
    this.onProblem = onProblem;
    const names = ["Structure…", ...Object.keys(TEMPLATES)].map((name, i) => element("option", { value: i ? name : "" }, name));
    this.node = element("select", { class: "input", "aria-label": "Structure by name", onchange: () => this.choose() }, ...names);
  }

  choose() {
    const name = this.node.value;
    this.node.value = "";
    if (!name) return;
    const chains = shownChains();
    const forward = market.tickers.get(chains[0]?.[0]?.name)?.forward_price ?? market.indices.get(selection.coin)?.price;
    const legs = forward ? legsOf(TEMPLATES[name], chains, forward) : null;
    this.onProblem(legs ? "" : `The strikes of a ${name.toLowerCase()} are not listed here.`);
    if (legs) selection.set({ legs });
  }
}

/** Coin-settled options of the expiry shown and of those after it. */
function shownChains() {
  const expiries = listExpiries(page, selection.coin);
  const first = Math.max(0, expiries.findIndex((one) => one.code === selection.expiry));
  return expiries.slice(first).map(({ code }) => page.list(selection.coin, (one) => isOption(one, code)));
}

function isOption(one, code) {
  return one.kind === "option" && one.isListed && one.is_inverse && one.expiryCode === code;
}
