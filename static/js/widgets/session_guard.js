/**
 * The dead-man timer and cancel on disconnect of this browser, and of the firm's other sessions to look at. The timer is
 * re-armed by whoever works on the page; once it has run out only the button arms it again.
 */

import { commands } from "../feeds/session.js";
import { msUntil, serverNowMs } from "../lib/clock.js";
import { arrange, element, setAttribute, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { Turns } from "../lib/turns.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalText } from "./notices.js";

const SECONDS = [0, 10, 30, 60, 300];
const GRACES_MS = [0, 2000, 5000, 10_000, 30_000];
const ASK_MS = 5000;
const BEATS = 5;
const URGENT_MS = 10_000;
const NS_PER_MS = 1e6;

export class SessionGuard {
  /** @param {(text: string, kind: string) => void} say */
  constructor(say) {
    this.say = say;
    /** @type {Record<string, number>} when each armed timer runs out, by session */
    this.deadlines = {};
    this.turns = new Turns();
    this.beatAt = 0;
    this.seconds = select("guard-seconds", SECONDS.map((s) => [s, s ? `${s} s` : "off"]), () => this.setTimer());
    this.orders = element("input", { type: "checkbox", id: "guard-orders", onchange: () => this.setTimer() });
    this.isOn = element("input", { type: "checkbox", id: "guard-disconnect", onchange: () => this.setDisconnect() });
    this.grace = select("guard-grace", GRACES_MS.map((ms) => [ms, ms ? `${ms / 1000} s` : "none"]), () => this.setDisconnect());
    this.left = element("span", { class: "countdown", role: "timer" }, "");
    this.here = element("button", { class: "button button-small", type: "button", "data-do": "here", onclick: () => this.beat() }, "I am here");
    this.words = element("p", { class: "muted" }, "");
    this.others = element("tbody");
    this.rows = new Map();
    this.node = element("div", { class: "session-guard", role: "group", "aria-label": "Sessions" }, ...this.parts());
  }

  parts() {
    const timer = element("div", { class: "quote-actions" }, label("guard-seconds", "Dead-man timer"), this.seconds, check(this.orders, "orders too"), this.left, this.here);
    const disconnect = element("div", { class: "quote-actions" }, check(this.isOn, "Cancel quotes on disconnect"), label("guard-grace", "grace"), this.grace);
    this.table = element("table", { class: "grid" }, element("caption", { class: "left" }, "Other sessions of the firm"), this.others);
    return [element("h3", {}, "This browser"), timer, disconnect, this.words, this.table];
  }

  /** @param {import("./widget.js").Widget} owner */
  listen(owner) {
    const active = (event) => event.isTrusted && this.work();
    for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, active);
    owner.ends.push(() => ["keydown", "pointerdown"].forEach((kind) => removeEventListener(kind, active)));
    owner.watch(firm, ["sessions", "loaded"], () => this.fetch());
    owner.every(ASK_MS, () => [...firm.sessions.values()].some((one) => one.dead_man_seconds) && this.fetch());
    this.fetch();
  }

  get own() {
    return firm.sessions.get(page.config.session);
  }

  /** Deadlines move with every heartbeat and are no facts: they are asked for. */
  async fetch() {
    const turn = this.turns.ask();
    const answer = await fetch("/api/protection", { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : null;
    if (found && this.turns.take(turn)) this.deadlines = found.deadlines;
  }

  /** Somebody works here: a few times in each life of the timer that is worth a heartbeat. */
  work() {
    const { own } = this;
    const isDue = own?.dead_man_seconds && performance.now() - this.beatAt > (own.dead_man_seconds * 1000) / BEATS;
    if (isDue && !own.expired_at_ns) this.beat();
  }

  async beat() {
    const { own } = this;
    if (!own?.dead_man_seconds) return;
    this.beatAt = performance.now();
    const until = (serverNowMs() + own.dead_man_seconds * 1000) * NS_PER_MS;
    const answer = await commands.send({ type: "session.heartbeat" });
    if (answer.type === "command_refused") this.say(`Refused. ${refusalText(answer)}`, "bad");
    else this.move(own.session, until);
  }

  /** What was asked for before is older than this. */
  move(session, until) {
    this.turns.take(this.turns.ask());
    this.deadlines = { ...this.deadlines, [session]: until };
  }

  setTimer() {
    return this.set({ type: "session.set_dead_man", seconds: Number(this.seconds.value), cancels_orders: this.orders.checked }, "Dead-man timer");
  }

  setDisconnect() {
    return this.set({ type: "session.set_cancel_on_disconnect", is_on: this.isOn.checked, reconnect_grace_ms: Number(this.grace.value) }, "Cancel on disconnect");
  }

  async set(message, name) {
    this.isSetting = true;
    const answer = await commands.send(message);
    this.isSetting = false;
    if (answer.type === "command_refused") {
      this.take(this.own);
      return this.say(`Refused. ${refusalText(answer)}`, "bad");
    }
    await this.fetch();
    return this.say(`${name}: set.`, "good");
  }

  draw() {
    const { own } = this;
    if (!this.isSetting && !this.node.contains(document.activeElement)) this.take(own);
    const leftMs = own ? this.leftMs(own) : null;
    setText(this.left, leftMs === null ? "" : format.countdown(leftMs));
    setAttribute(this.left, "data-urgent", String(leftMs !== null && leftMs < URGENT_MS));
    this.here.hidden = !own?.dead_man_seconds;
    setText(this.words, ownText(own));
    setAttribute(this.words, "class", own?.expired_at_ns ? "danger-text" : "muted");
    this.drawOthers();
  }

  /** What is set, where nobody is choosing. */
  take(own) {
    choose(this.seconds, own?.dead_man_seconds ?? 0);
    choose(this.grace, own?.reconnect_grace_ms ?? 0);
    this.orders.checked = own?.cancels_orders ?? false;
    this.isOn.checked = own?.is_cancel_on_disconnect ?? false;
  }

  leftMs(session) {
    const until = this.deadlines[session.session];
    return session.dead_man_seconds && !session.expired_at_ns && until ? Math.max(0, msUntil(until)) : null;
  }

  drawOthers() {
    const others = [...firm.sessions.values()].filter((one) => one !== this.own && (one.dead_man_seconds || one.is_cancel_on_disconnect));
    this.table.hidden = others.length === 0;
    arrange(this.others, others.map((one) => this.drawOther(one)));
  }

  drawOther(session) {
    const row = this.rows.get(session.session) ?? addOther(session.session);
    this.rows.set(session.session, row);
    const leftMs = this.leftMs(session);
    const timer = session.dead_man_seconds ? `dead man ${session.expired_at_ns ? "RAN OUT" : leftMs === null ? `${session.dead_man_seconds} s` : format.countdown(leftMs)}` : "no timer";
    setText(row.name, `${page.config.people?.[session.user_id] ?? `user ${session.user_id}`} · ${session.session.replace(":", " ")}`);
    setText(row.state, `${timer}${session.is_cancel_on_disconnect ? ` · on disconnect${session.disconnected_at_ns ? ", GONE" : ""}` : ""}`);
    return row.node;
  }
}

function addOther() {
  const [name, state] = [element("th", { scope: "row", class: "left wrap" }, ""), element("td", {}, "")];
  return { name, state, node: element("tr", {}, name, state) };
}

/** What is to become of the quotes of this browser. */
function ownText(own) {
  if (own?.expired_at_ns) return `Ran out at ${format.timeOfDay(own.expired_at_ns)}: quotes are withdrawn and new ones refused until you say that you are here.`;
  if (own?.dead_man_seconds) return "Quotes sent from this browser go at zero. Any key or click on this page starts it anew.";
  return own?.is_cancel_on_disconnect ? "Quotes sent from this browser go with its last connection; a reload counts, unless it is back within the grace." : "Nothing withdraws the quotes of this browser when nobody is at it.";
}

/** A value that is not on the list, set over the API, is added to it. */
function choose(node, value) {
  if (![...node.options].some((one) => one.value === String(value))) node.append(element("option", { value }, String(value)));
  if (node.value !== String(value)) node.value = String(value);
}

function select(id, options, onchange) {
  return element("select", { class: "input input-small", id, onchange }, ...options.map(([value, title]) => element("option", { value }, title)));
}

function label(id, text) {
  return element("label", { class: "check", for: id }, text);
}

function check(input, text) {
  return element("label", { class: "check", for: input.id }, input, text);
}
