/** The desk of the pairs: its session, its counts, what blocks it, and whether pairs enter. */

import { commands } from "../feeds/session.js";
import { serverNowMs } from "../lib/clock.js";
import { element, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { steerButton } from "../lib/steer.js";
import { pairs } from "../store/pairs.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

const STALE_MS = 4000;
const STATS = ["Session", "Pairs", "Orders", "Refused", "Withdrawn", "Feed gaps", "Last order", "Sends"];

class PairsDesk extends Widget {
  build() {
    this.banner = element("p", { class: "pairs-banner", role: "alert", hidden: true }, "");
    this.values = STATS.map(() => element("dd", {}, " "));
    const stats = element("dl", { class: "pairs-stats" }, ...STATS.map((title, i) => element("div", {}, element("dt", {}, title), this.values[i])));
    this.entering = element("span", { class: "state" }, " ");
    this.off = steerButton({ title: "Stop entering", isRisky: false, run: () => this.steer("entering_off") });
    this.on = steerButton({ title: "Let pairs enter", isRisky: true, run: () => this.steer("entering_on") });
    this.message = element("span", { class: "message", role: "status" }, "");
    this.append(this.banner, stats, element("div", { class: "pairs-steer" }, this.entering, this.off, this.on, this.message));
  }

  listen() {
    this.watch(pairs, "pairs");
    this.watch(pairs, "answer", (command) => setText(this.message, answerText(command)));
    this.every(1000);
  }

  async steer(action) {
    const answer = await commands.send({ type: "pairs.steer", venue: pairs.desk.venue, action });
    setText(this.message, answer.type === "command_refused" ? `Refused. ${refusalText(answer)}` : "Asked.");
  }

  draw() {
    const { shown, desk } = pairs;
    const problem = problemOf(shown, desk);
    this.banner.hidden = !problem;
    setText(this.banner, problem);
    statTexts(shown).forEach((text, i) => setText(this.values[i], text));
    const isEntering = shown?.is_entering ?? false;
    setText(this.entering, desk ? (isEntering ? "Pairs enter" : "No pair enters") : "No pairs are traded");
    setAttribute(this.entering, "data-state", isEntering ? "new" : "rejected");
    for (const button of [this.on, this.off]) setDisabled(button, !desk);
  }
}

function statTexts(shown) {
  if (!shown) return STATS.map(() => format.NOTHING);
  const { counts } = shown;
  const states = Object.entries(shown.by_state).map(([state, count]) => `${count} ${format.words(state)}`);
  const last = shown.last_order_at_ns ? format.timeOfDay(shown.last_order_at_ns) : format.NOTHING;
  const session = `${format.words(shown.session_state)}${shown.session ? ` (${shown.session.trim()})` : ""}`;
  return [session, states.join(", "), String(counts.orders ?? 0), String(counts.refusals ?? 0), String(counts.withdrawn ?? 0), String(counts.lost_messages ?? 0), last, format.words(shown.send)];
}

/** What a person has to know at once; nothing where all is well. */
function problemOf(shown, desk) {
  if (!desk) return "";
  if (!shown || serverNowMs() - shown.at_ns / 1e6 > STALE_MS) return "The gateway shows no pairs: what is below is what the database knows.";
  const problems = [];
  if (shown.log_state !== "ok") problems.push(`The log: ${format.words(shown.log_state)}. Nothing enters, and where it failed nothing leaves.`);
  if (shown.session_state !== "open") problems.push(`The session with ${desk.venue} is ${format.words(shown.session_state)}${desk.session_reason ? `: ${desk.session_reason}` : ""}.`);
  if (shown.blocked_by.length) problems.push(`In force: ${shown.blocked_by.join("; ")}. Positions may be left unless it is halted.`);
  return problems.join(" ");
}

/** What became of a command. */
export function answerText({ action, state, reason, first, second }) {
  const what = `${format.words(action)}${first ? ` ${first}/${second}` : ""}`;
  return state === "refused" ? `Refused: ${what} (${format.words(reason)}).` : `${what}: ${state}.`;
}

customElements.define("parley-pairs-desk", PairsDesk);
