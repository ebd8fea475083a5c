/** The RFQ panel of a taker: the builder on top, then every request with its countdown and quotes. */

import { arrange, element } from "../lib/dom.js";
import { connection } from "../store/connection.js";
import { firm } from "../store/firm.js";
import { RfqBuilder } from "./rfq_builder.js";
import { RfqCard } from "./rfq_card.js";
import { Widget } from "./widget.js";

const CLOSED_SHOWN_MAX = 12;
const LIVE = new Set(["open", "pending_fill"]);

class RfqPanel extends Widget {
  build() {
    this.builder = new RfqBuilder();
    this.cards = new Map();
    this.list = element("div", { class: "rfq-list" });
    this.empty = element("p", { class: "panel-empty" }, "No request yet. Add legs from the chain with +.");
    const body = element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Requests" }, this.builder.node, this.list, this.empty);
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "RFQ"), this.builder.note), body);
  }

  listen() {
    this.watch(firm, ["rfqs", "passes", "loaded"]);
    this.watch(connection, "change");
    this.builder.listen(this);
    this.every(200);
  }

  draw() {
    this.builder.draw();
    const rfqs = [...firm.rfqs.values()].sort((a, b) => b.created_at_ns - a.created_at_ns);
    const live = rfqs.filter((rfq) => LIVE.has(rfq.state));
    const closed = rfqs.filter((rfq) => !LIVE.has(rfq.state)).slice(0, CLOSED_SHOWN_MAX);
    arrange(this.list, [...live, ...closed].map((rfq) => this.drawCard(rfq)));
    this.empty.hidden = rfqs.length > 0;
  }

  drawCard(rfq) {
    if (!this.cards.has(rfq.rfq_id)) this.cards.set(rfq.rfq_id, new RfqCard());
    const card = this.cards.get(rfq.rfq_id);
    card.draw(rfq);
    return card.node;
  }
}

customElements.define("parley-rfq", RfqPanel);
