/** What the maker's desk is set to in this tab: half of the spread, and the order of the requests. */

import { Topics } from "./topic.js";

export const POINTS = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5];
export const ENTRIES = [
  { value: "premium", title: "Premium" },
  { value: "volatility", title: "Implied vol" },
];
export const ORDERS = ["urgency", "time left", "size", "edge"];

class MakerDesk extends Topics {
  constructor() {
    super();
    /** Half of the spread, in points of volatility. */
    this.points = 1;
    this.order = ORDERS[0];
    /** What the maker types: premiums, or volatilities of options. */
    this.entry = ENTRIES[0].value;
  }

  set(changes) {
    Object.assign(this, changes);
    for (const name of Object.keys(changes)) this.tell(name, changes[name]);
  }

  /** One step narrower or wider. @param {-1 | 1} step */
  move(step) {
    const next = POINTS.indexOf(this.points) + step;
    this.set({ points: POINTS[Math.min(Math.max(next, 0), POINTS.length - 1)] });
  }
}

export const desk = new MakerDesk();
