/** One panel, several pictures: risk, payoff, smile, depth by venue. Only the one that is shown is drawn. */

import { invalidate } from "../lib/draw.js";
import { element, setAttribute } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { market } from "../store/market.js";
import { selection } from "../store/selection.js";
import { PayoffChart } from "./payoff.js";
import { RiskOverview } from "./risk.js";
import { SmileChart } from "./smile.js";
import { VenuesView } from "./venues.js";
import { Widget } from "./widget.js";

const KINDS = {
  risk: { title: "Risk", make: () => new RiskOverview() },
  payoff: { title: "Payoff", make: (source) => new PayoffChart(source) },
  smile: { title: "Smile", make: () => new SmileChart() },
  venues: { title: "Venues", make: () => new VenuesView() },
};
const DRAW_MS = 250;

class Charts extends Widget {
  build() {
    this.names = this.dataset.tabs.split(",");
    this.parts = new Map(this.names.map((name) => [name, KINDS[name].make(this.dataset.source ?? "builder")]));
    this.tabs = this.names.map((name) => element("button", { class: "tab", type: "button", "data-tab": name, onclick: () => this.choose(name) }, KINDS[name].title));
    this.append(element("div", { class: "panel-head" }, element("div", { class: "tabs", role: "group", "aria-label": "Chart" }, ...this.tabs)));
    for (const part of this.parts.values()) this.append(part.node);
    this.choose(this.names[0]);
  }

  listen() {
    this.watch(firm, ["risk", "positions"], () => this.soon());
    this.watch(market, ["surface", "ticker", "venueDepth"], () => this.soon());
    this.watch(selection, ["instrument", "legs", "expiry", "coin", "accountId"]);
    const themed = () => invalidate(this);
    addEventListener("parley-theme", themed);
    this.ends.push(() => removeEventListener("parley-theme", themed));
    this.every(1000);
  }

  /** At most four redraws a second, however often the market moves. */
  soon() {
    if (this.waits) return;
    this.waits = true;
    setTimeout(() => {
      this.waits = false;
      invalidate(this);
    }, DRAW_MS);
  }

  choose(name) {
    this.parts.get(this.name)?.leave?.();
    this.name = name;
    for (const [one, part] of this.parts) part.node.hidden = one !== name;
    for (const tab of this.tabs) setAttribute(tab, "aria-pressed", String(tab.dataset.tab === name));
    invalidate(this);
  }

  draw() {
    this.parts.get(this.name).draw();
  }
}

customElements.define("parley-charts", Charts);
