/** Beside the request to our makers: the same structure to the makers of a venue that has every leg of it. */

import { commands, hold } from "../feeds/session.js";
import { arrange, element, setDisabled, setText } from "../lib/dom.js";
import { market } from "../store/market.js";
import { refusalText } from "./notices.js";
import { titleOf } from "./ticket_venue.js";
import { venueKeys } from "./venues.js";

const LOCK_MS = 800;

export class VenueAsk {
  /** @param {() => {account_id: number, legs: object[], quantity: string}} terms @param {(text: string, kind: string) => void} say */
  constructor(terms, say) {
    this.terms = terms;
    this.say = say;
    this.buttons = new Map();
    this.lockedUntil = 0;
    this.node = element("div", { class: "venue-ask", role: "group", "aria-label": "Ask makers of other venues" });
  }

  /** @param {object[]} legs @param {string} problem why nothing may be asked */
  draw(legs, problem) {
    hold(this, [...new Set(legs.flatMap((leg) => venueKeys(leg.instrument_name)))]);
    const venues = legs.some((leg) => leg.is_hedge) ? [] : able(legs);
    arrange(this.node, venues.map((venue) => this.button(venue)));
    this.node.hidden = venues.length === 0;
    for (const venue of venues) setDisabled(this.buttons.get(venue), problem !== "" || performance.now() < this.lockedUntil);
  }

  button(venue) {
    if (!this.buttons.has(venue)) this.buttons.set(venue, element("button", { class: "button", type: "button", onclick: () => this.ask(venue) }, ""));
    const node = this.buttons.get(venue);
    setText(node, `Ask the makers of ${titleOf(venue)}`);
    return node;
  }

  async ask(venue) {
    if (performance.now() < this.lockedUntil) return;
    this.lockedUntil = performance.now() + LOCK_MS;
    const { account_id, legs, quantity } = this.terms();
    this.say(`Asking ${titleOf(venue)}`, "wait");
    const answer = await commands.send({ type: "venue_rfq.ask", account_id, legs, quantity, venue });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.say(`Request ${answer.entity_id} went to ${titleOf(venue)}: its quotes are under Venue RFQs.`, "good");
  }
}

/** Venues whose makers can be asked and that have every leg. */
function able(legs) {
  const of = (leg) => (market.venueDepths.get(leg.instrument_name)?.venues ?? []).map(({ venue }) => venue);
  const [first, ...rest] = legs.map(of);
  return (first ?? []).filter((venue) => market.venueLinks.get(venue)?.takes_block_rfqs && rest.every((venues) => venues.includes(venue)));
}
