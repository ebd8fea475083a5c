/** The measured volume curves that a VWAP of this instrument and duration could follow; choosing one fills the field. */

import { commands } from "../feeds/session.js";
import { arrange, element, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";

const TYPED = "";
const ASK_MS = 500;

export class TicketVolumes {
  /** @param {import("./fields.js").NumberField} field @param {() => void} onInput */
  constructor(field, onInput) {
    this.field = field;
    this.onInput = onInput;
    this.curves = [];
    this.options = new Map();
    this.select = element("select", { class: "input", id: "ticket-volumes", onchange: () => this.choose(this.select.value) });
    this.note = element("p", { class: "muted", role: "status" }, " ");
    this.node = element("div", { class: "field ticket-volumes" }, element("label", { for: "ticket-volumes" }, "Volume curve"), this.select, this.note);
    field.input.addEventListener("input", () => this.choose(TYPED, false));
    this.show();
  }

  /** Asks again when instrument or duration has changed and typing has paused. */
  draw(isUsed, instrument, duration) {
    this.node.hidden = !isUsed;
    const key = isUsed && instrument && duration > 0 ? `${instrument.name} ${duration}` : "";
    if (key === this.key) return;
    this.key = key;
    clearTimeout(this.timer);
    if (key) this.timer = setTimeout(() => this.ask(key, instrument.name, duration), ASK_MS);
  }

  async ask(key, instrument_name, duration_s) {
    const answer = await commands.send({ type: "parent.volume_curves", instrument_name, duration_s });
    if (key !== this.key) return;
    this.curves = answer.type === "command_refused" ? [] : answer.result;
    this.show();
    this.choose(this.curves.some((curve) => nameOf(curve) === this.chosen) ? this.chosen : TYPED, Boolean(this.chosen));
  }

  show() {
    const titles = [[TYPED, "Typed below; empty is flat"], ...this.curves.map((curve) => [nameOf(curve), `${curve.subject}: ${format.words(curve.source)}`])];
    arrange(this.select, titles.map(([value, title]) => this.option(value, title)));
  }

  option(value, title) {
    if (!this.options.has(value)) this.options.set(value, element("option", { value }, title));
    return this.options.get(value);
  }

  /** `fills`: the field takes the curve's volumes, or is emptied. */
  choose(name, fills = true) {
    const curve = this.curves.find((one) => nameOf(one) === name);
    this.chosen = curve ? name : TYPED;
    this.select.value = this.chosen;
    if (fills) this.field.value = curve ? curve.volumes.join(",") : "";
    setText(this.note, curve ? noteText(curve) : this.curves.length ? " " : "No curve was measured for it");
    if (fills) this.onInput();
  }
}

function nameOf({ subject, source }) {
  return `${subject} ${source}`;
}

function noteText({ days, observations, until_ns, starts_at_ns, clock }) {
  return `Mean of ${days} ${days === 1 ? "day" : "days"} (${format.exact(String(observations))} observations) before ${format.dateTime(until_ns).slice(0, 16)}, from ${format.timeOfDay(starts_at_ns)} on by the ${clock} clock.`;
}
