/** The state of the connection, in one of five words. */

import { Topics } from "./topic.js";

const SLOW_MS = 400;
const STALE_MS = 2000;

class Connection extends Topics {
  constructor() {
    super();
    this.phase = "connecting";
    this.latencyMs = null;
    this.isSignedOut = false;
    this.marketAt = 0;
    this.hasMarket = false;
  }

  set(changes) {
    Object.assign(this, changes);
    this.tell("change", this);
  }

  /** A market frame arrived. */
  heardMarket() {
    this.marketAt = performance.now();
    this.hasMarket = true;
  }

  /** Why nothing can be sent now, or "". */
  get problem() {
    const { state } = this;
    return state === "offline" || state === "connecting" ? `Not connected (${state})` : "";
  }

  /** @returns {"connecting" | "live" | "slow" | "stale" | "offline"} */
  get state() {
    if (this.phase === "connecting") return "connecting";
    if (this.phase === "closed") return "offline";
    if (this.hasMarket && performance.now() - this.marketAt > STALE_MS) return "stale";
    return this.latencyMs !== null && this.latencyMs > SLOW_MS ? "slow" : "live";
  }
}

export const connection = new Connection();
