/** The pairs as the gateway shows them, once a second; and as the database has them, when a fact says that they changed. */

import { Turns } from "../lib/turns.js";
import { firm } from "./firm.js";
import { Topics } from "./topic.js";

const LOOK_MS = 1000;
const READ_AFTER_MS = 500;

class Pairs extends Topics {
  constructor() {
    super();
    /** @type {Map<string, object>} by "first/second" */
    this.known = new Map();
    /** @type {Map<string, object>} */
    this.live = new Map();
    this.desk = null;
    this.shown = null;
    this.chosen = "";
    this.orders = [];
    this.turns = { read: new Turns(), look: new Turns(), orders: new Turns() };
  }

  async start() {
    firm.on("fact", (fact) => this.note(fact));
    await this.read();
    this.look();
    setInterval(() => document.hidden || this.look(), LOOK_MS);
  }

  note(fact) {
    if (!fact.type.startsWith("pairs.")) return;
    if (fact.type === "pairs.command_answered") this.tell("answer", fact.command);
    if (fact.type === "pairs.order_ended" && fact.pair_order.pair_id === this.known.get(this.chosen)?.pair_id) this.readOrders();
    this.timer ??= setTimeout(() => this.read(), READ_AFTER_MS);
  }

  async read() {
    this.timer = null;
    const turn = this.turns.read.ask();
    const [pairs, desks] = await Promise.all([get("/api/pairs"), get("/api/pairs/desks")]);
    if (!pairs || !desks || !this.turns.read.take(turn)) return;
    this.known = new Map(pairs.map((pair) => [nameOf(pair), pair]));
    this.desk = desks[0] ?? null;
    if (!this.known.has(this.chosen)) this.choose(this.known.keys().next().value ?? "");
    this.tell("pairs");
  }

  async look() {
    const turn = this.turns.look.ask();
    const shown = await get("/api/pairs/live");
    if (!this.turns.look.take(turn)) return;
    this.shown = shown;
    this.live = new Map((this.shown?.pairs ?? []).map((pair) => [nameOf(pair), pair]));
    this.tell("pairs");
  }

  choose(name) {
    this.chosen = name;
    this.orders = [];
    this.readOrders();
    this.tell("pairs");
  }

  async readOrders() {
    const name = this.chosen;
    const pair = this.known.get(name);
    const turn = this.turns.orders.ask();
    const orders = pair ? await get(`/api/pairs/${pair.pair_id}/orders`) : [];
    if (name !== this.chosen || !orders || !this.turns.orders.take(turn)) return;
    this.orders = orders;
    this.tell("orders");
  }

  /** Everything that is known of each pair: what the database has, and over it what is live. */
  list() {
    return [...this.known].map(([name, pair]) => ({ ...pair, name, ...this.live.get(name), isLive: this.live.has(name) }));
  }
}

function nameOf(pair) {
  return `${pair.first}/${pair.second}`;
}

async function get(url) {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? response.json() : null;
}

export const pairs = new Pairs();
