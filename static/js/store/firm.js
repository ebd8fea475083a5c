/**
 * What the firm's facts amount to. A fact carries the whole new view of its entity: applying it is replacing it.
 * Snapshot + facts = a fresh snapshot.
 */

import { Topics } from "./topic.js";

const FILLS_MAX = 5000;

class FirmState extends Topics {
  venue_rfqs = new Map();

  constructor() {
    super();
    this.orders = new Map();
    this.fills = new Map();
    this.routes = new Map();
    this.splits = new Map();
    this.rfqs = new Map();
    this.positions = new Map();
    this.balances = new Map();
    this.quoters = new Map();
    this.counterparties = new Map();
    this.passes = new Map();
    this.margins = new Map();
    this.drafts = new Map();
    this.maker_groups = new Map();
    this.protections = new Map();
    this.sessions = new Map();
    this.desk_limits = new Map();
    this.last_looks = new Map();
    this.parents = new Map();
    this.parent_policies = new Map();
    /** @type {Map<number, object>} live risk frames by account */
    this.risks = new Map();
    this.isLoaded = false;
  }

  /** @param {{orders: object[], fills: object[], rfqs: object[], positions: object[], balances: object[]}} state */
  replace(state) {
    for (const [name, key] of Object.entries(KEYS)) {
      const views = state[name] ?? [];
      this[name] = new Map(views.map((view) => [key(view), view]));
    }
    this.isLoaded = true;
    for (const name of Object.keys(KEYS)) this.tell(name);
    this.tell("loaded");
  }

  /** @param {{fact: object}} message */
  apply({ fact }) {
    for (const [field, name] of FIELDS) if (fact[field]) this.put(name, fact[field]);
    if (fact.type === "margin.changed") this.put("margins", fact);
    if (ENDS[fact.type]) this.drop(...ENDS[fact.type](fact));
    this.tell("fact", fact);
  }

  put(name, view) {
    const map = this[name];
    map.set(KEYS[name](view), view);
    if (name === "fills" && map.size > FILLS_MAX) map.delete(map.keys().next().value);
    this.tell(name, view);
  }

  drop(name, key) {
    this[name].delete(key);
    this.tell(name);
  }

  /** @param {object} frame a `risk` frame */
  takeRisk(frame) {
    this.risks.set(frame.account_id, frame);
    this.tell("risk", frame);
  }
}

const KEYS = {
  orders: (view) => view.order_id,
  fills: (view) => `${view.execution_id}.${view.account_id}`,
  routes: (view) => view.route_id,
  splits: (view) => view.split_id,
  venue_rfqs: (view) => view.venue_rfq_id,
  rfqs: (view) => view.rfq_id,
  positions: (view) => `${view.account_id}.${view.instrument_name}`,
  balances: (view) => `${view.account_id}.${view.asset}`,
  margins: (view) => view.account_id,
  quoters: (view) => view.firm_id,
  counterparties: (view) => view.taker_firm_id,
  passes: (view) => `${view.rfq_id}.${view.maker_name}`,
  drafts: (view) => view.rfq_id,
  maker_groups: (view) => view.maker_group_id,
  protections: (view) => view.coin,
  sessions: (view) => view.session,
  desk_limits: (view) => view.firm_id,
  last_looks: (view) => view.agreement_id,
  parents: (view) => view.parent_order_id,
  parent_policies: (view) => view.desk_id,
};

/** Facts after which something is no more: its map and its key. */
const ENDS = {
  "rfq.draft_ended": (fact) => ["drafts", fact.rfq_id],
  "rfq.maker_group_deleted": (fact) => ["maker_groups", fact.maker_group_id],
};

const FIELDS = [
  ["order", "orders"],
  ["fill", "fills"],
  ["route", "routes"],
  ["split", "splits"],
  ["venue_rfq", "venue_rfqs"],
  ["rfq", "rfqs"],
  ["position", "positions"],
  ["balance", "balances"],
  ["draft", "drafts"],
  ["maker_group", "maker_groups"],
  ["quoter", "quoters"],
  ["counterparty", "counterparties"],
  ["rfq_pass", "passes"],
  ["protection", "protections"],
  ["session", "sessions"],
  ["desk_limits", "desk_limits"],
  ["last_look", "last_looks"],
  ["parent", "parents"],
  ["parent_policy", "parent_policies"],
];

export const OPEN_ORDER_STATES = new Set([
  "pending_new",
  "new",
  "partially_filled",
  "pending_cancel",
  "unknown",
]);

export const firm = new FirmState();
