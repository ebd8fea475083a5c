/** The latest market frame of each key, and how old it is. */

import { serverNowMs } from "../lib/clock.js";
import { connection } from "./connection.js";
import { Topics } from "./topic.js";

export const STALE_AFTER_MS = 2000;

class Market extends Topics {
  constructor() {
    super();
    /** @type {Map<string, object>} ticker by instrument */
    this.tickers = new Map();
    this.books = new Map();
    this.trades = new Map();
    this.indices = new Map();
    this.surfaces = new Map();
    /** @type {Map<string, object>} what trades elsewhere, by instrument */
    this.marketTrades = new Map();
    this.venue = null;
    /** @type {Map<string, object>} books of other venues by instrument, their connections by name */
    this.venueDepths = new Map();
    this.venueLinks = new Map();
    /** @type {object[]} the latest lines of the public tape, newest first */
    this.tape = [];
  }

  /** @param {object[]} frames as `wire.market` makes them */
  take(frames) {
    connection.heardMarket();
    for (const frame of frames) TAKERS[frame.type]?.(this, frame);
  }

  keep(map, topic, key, frame) {
    map.set(key, frame);
    this.tell(topic, key);
    this.tell(`${topic}.${key}`, frame);
  }

  /** Is what we know of this instrument too old to trade on? The gateway confirms each price once a second. */
  isStale(name) {
    const ticker = this.tickers.get(name);
    return ticker === undefined || isOld(ticker);
  }

  /** Market time now, in nanoseconds: a recording of February plays in February. */
  marketTimeNs(coin) {
    const frame = this.indices.get(coin);
    return frame ? frame.market_time_ns : serverNowMs() * 1e6;
  }
}

/** @param {{at_ns: number}} frame */
export function isOld(frame) {
  return serverNowMs() - frame.at_ns / 1e6 > STALE_AFTER_MS;
}

const TAKERS = {
  ticker: (market, frame) => market.keep(market.tickers, "ticker", frame.instrument_name, frame),
  book: (market, frame) => market.keep(market.books, "book", frame.instrument_name, frame),
  trades: (market, frame) => market.keep(market.trades, "trades", frame.instrument_name, frame),
  market_trades: (market, frame) => market.keep(market.marketTrades, "marketTrades", frame.instrument_name, frame),
  index: (market, frame) => market.keep(market.indices, "index", frame.coin, frame),
  surface: (market, frame) => market.keep(market.surfaces, "surface", frame.coin, frame),
  block_tape: (market, frame) => {
    market.tape = frame.prints;
    market.tell("tape");
  },
  venue_depth: (market, frame) => market.keep(market.venueDepths, "venueDepth", frame.instrument_name, frame),
  venue_link: (market, frame) => market.keep(market.venueLinks, "venueLink", frame.venue, frame),
  venue_status: (market, frame) => {
    market.venue = frame;
    market.tell("venue", frame);
  },
};

export const market = new Market();
