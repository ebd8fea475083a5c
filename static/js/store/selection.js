/** What the user is looking at: coin, expiry, instrument, account, and the structure being built. */

import { page } from "./page.js";
import { Topics } from "./topic.js";

/** Priced legs; one hedge leg may stand beside them. */
export const LEGS_MAX = 20;

class Selection extends Topics {
  constructor() {
    super();
    this.coin = "BTC";
    this.expiry = "";
    this.instrument = "";
    this.accountId = 0;
    /** @type {{instrument_name: string, side: "buy" | "sell", ratio: number, is_hedge?: boolean, price?: string | null}[]} */
    this.legs = [];
    this.rfqId = 0;
    /** @type {import("./roots.js").Root | null} */
    this.root = null;
    this.basketId = 0;
  }

  set(changes) {
    Object.assign(this, changes);
    for (const name of Object.keys(changes)) this.tell(name, changes[name]);
  }

  /** Seeds the ticket: it never sends anything. */
  seed(seed) {
    this.set({ instrument: seed.instrument });
    this.tell("seed", seed);
  }

  /** Takes a working order into the ticket, to be amended there. */
  amend(order) {
    this.set({ instrument: order.instrument_name });
    this.tell("amend", order);
  }

  /** A future that is priced in another currency than the legs can only be their hedge. */
  isHedge(name) {
    const currencies = this.legs.filter((leg) => !leg.is_hedge).map((leg) => page.instrument(leg.instrument_name)?.quote_currency);
    const added = page.instrument(name);
    return currencies.length > 0 && added?.kind !== "option" && !currencies.includes(added?.quote_currency) && !this.legs.some((leg) => leg.is_hedge);
  }

  /** Adds a leg; adding the same leg again raises its ratio. Answers why not, or "". */
  addLeg(instrumentName, side) {
    const same = this.legs.find((leg) => leg.instrument_name === instrumentName);
    if (same === undefined && this.legs.length >= LEGS_MAX) return `A structure has at most ${LEGS_MAX} legs.`;
    const legs = same === undefined
      ? [...this.legs, { instrument_name: instrumentName, side, ratio: 1, is_hedge: this.isHedge(instrumentName) }]
      : this.legs.map((leg) => (leg === same ? stacked(leg, side) : leg)).filter((leg) => leg.ratio > 0);
    this.set({ legs });
    return "";
  }
}

function stacked(leg, side) {
  return { ...leg, ratio: leg.side === side ? leg.ratio + 1 : leg.ratio - 1 };
}

export const selection = new Selection();
