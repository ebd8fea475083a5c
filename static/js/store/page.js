/** What the page was served with: who looks, their accounts, and every instrument's terms. */

import { decimalsOf } from "../lib/decimal.js";
import { Topics } from "./topic.js";

const RELOAD_MS = 10_000;

class Page extends Topics {
  constructor() {
    super();
    this.config = JSON.parse(document.getElementById("page-config")?.textContent ?? "{}");
    /** @type {Map<string, object>} */
    this.instruments = new Map();
    this.loadedAt = -RELOAD_MS;
  }

  /** Loads the instruments, at most once in ten seconds; whoever asks meanwhile waits for the same answer. */
  loadInstruments() {
    if (performance.now() - this.loadedAt >= RELOAD_MS) {
      this.loadedAt = performance.now();
      this.loading = this.fetchInstruments();
    }
    return this.loading;
  }

  async fetchInstruments() {
    const answer = await fetch(this.config.instrumentsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    for (const row of await answer.json()) this.instruments.set(row.terms.name, toInstrument(row));
    this.tell("instruments");
  }

  /** Terms by name; an unknown name asks for the list again. */
  instrument(name) {
    const found = this.instruments.get(name);
    if (found === undefined && name) this.loadInstruments();
    return found;
  }

  /** @param {string} coin @param {(instrument: object) => boolean} test */
  list(coin, test) {
    return [...this.instruments.values()].filter((instrument) => instrument.coin === coin && test(instrument));
  }

  /** The largest `tick_size` or `lot_size` of the legs' instruments; undefined where none is known. */
  coarsest(legs, step) {
    const steps = legs.map((leg) => this.instrument(leg.instrument_name)?.[step]).filter(Boolean);
    return steps.sort((a, b) => Number(b) - Number(a))[0];
  }

  accountName(accountId) {
    return this.config.accounts.find((account) => account.id === accountId)?.name ?? String(accountId);
  }
}

function toInstrument({ instrument_id, state, terms }) {
  return Object.freeze({
    ...terms,
    id: instrument_id,
    isListed: state === "listed",
    coin: terms.base_currency,
    strikeNumber: terms.strike === null ? null : Number(terms.strike),
    isCall: terms.option_type === "call",
    contractSize: Number(terms.multiplier),
    expiryCode: terms.expiry_at_ns ? terms.name.split("-")[1] : "",
    priceDecimals: decimalsOf(terms.tick_size),
    quantityDecimals: decimalsOf(terms.lot_size),
  });
}

export const page = new Page();
