/** Whom to ask: makers by name, a group of them, or all; and who may know whose name. */

import { commands } from "../feeds/session.js";
import { element, setAttribute, setText } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { refusalText } from "./notices.js";

const ANONYMOUS_MAKERS_MIN = 5;

export class AudiencePicker {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.boxes = page.config.makers.map((maker) => checkbox(maker.name, onChange, maker.id));
    for (const { input } of this.boxes) input.checked = true;
    this.makers = element("div", { class: "makers", role: "group", "aria-label": "Makers to ask" }, ...this.boxes.map((box) => box.node));
    this.ask = element("select", { class: "input", id: "rfq-audience", onchange: onChange });
    this.taker = checkbox("Hide our name", onChange);
    this.hidden = checkbox("Hide makers' names", onChange);
    this.name = element("input", { class: "input input-small", "aria-label": "Name of a new group", placeholder: "Save as group…", maxlength: 64 });
    this.save = element("button", { class: "button button-small", type: "button", onclick: () => this.saveGroup() }, "Save group");
    this.note = element("span", { class: "muted", role: "status" }, "");
    this.node = element("div", { class: "audience" }, ...this.parts());
  }

  parts() {
    const ask = element("div", { class: "field" }, element("label", { for: "rfq-audience" }, "Ask"), this.ask);
    const names = element("div", { class: "makers" }, this.taker.node, this.hidden.node);
    const groups = element("a", { href: page.config.makerGroupsUrl }, "Groups");
    this.group = element("div", { class: "group-save" }, this.name, this.save, groups, this.note);
    return [ask, this.makers, names, this.group];
  }

  /** Groups come and go; what was chosen stays chosen while it exists. */
  draw() {
    const groups = [...firm.maker_groups.values()].sort((a, b) => a.name.localeCompare(b.name));
    const options = [["chosen", "Chosen makers"], ["all", "All makers"], ...groups.map((one) => [String(one.maker_group_id), `${one.name} (${one.maker_firm_ids.length})`])];
    const key = JSON.stringify(options);
    if (key !== this.drawn) {
      const { value } = this.ask;
      this.ask.replaceChildren(...options.map(([id, title]) => element("option", { value: id }, title)));
      this.ask.value = options.some(([id]) => id === value) ? value : "chosen";
      this.drawn = key;
    }
    const isChosen = this.ask.value === "chosen";
    this.makers.hidden = !isChosen;
    this.group.hidden = !isChosen;
    setAttribute(this.taker.node, "title", `Needs at least ${ANONYMOUS_MAKERS_MIN} makers`);
  }

  get makerIds() {
    if (this.ask.value === "all") return page.config.makers.map((maker) => maker.id);
    if (this.ask.value === "chosen") return this.boxes.filter((box) => box.input.checked).map((box) => Number(box.input.value));
    return firm.maker_groups.get(Number(this.ask.value))?.maker_firm_ids ?? [];
  }

  /** What a request says of whom it asks. */
  get value() {
    const isGroup = this.ask.value !== "all" && this.ask.value !== "chosen";
    return {
      audience: isGroup ? "group" : this.ask.value,
      maker_firm_ids: this.ask.value === "chosen" ? this.makerIds : [],
      maker_group_id: isGroup ? Number(this.ask.value) : null,
      is_taker_anonymous: this.taker.input.checked,
      are_makers_anonymous: this.hidden.input.checked,
    };
  }

  /** Takes over what a draft says. */
  load(draft) {
    this.draw();
    this.ask.value = draft.audience === "group" ? String(draft.maker_group_id) : draft.audience;
    for (const { input } of this.boxes) input.checked = draft.maker_firm_ids.includes(Number(input.value));
    this.taker.input.checked = draft.is_taker_anonymous;
    this.hidden.input.checked = draft.are_makers_anonymous;
  }

  get problem() {
    const count = this.makerIds.length;
    if (count === 0) return "Choose a maker";
    return this.taker.input.checked && count < ANONYMOUS_MAKERS_MIN ? `Hiding our name needs ${ANONYMOUS_MAKERS_MIN} makers, not ${count}` : "";
  }

  async saveGroup() {
    const name = this.name.value.trim();
    if (!name) return setText(this.note, "Name the group first.");
    const answer = await commands.send({ type: "rfq.save_maker_group", name, maker_firm_ids: this.makerIds });
    const isSaved = answer.type === "command_accepted";
    setText(this.note, isSaved ? "Saved." : refusalText(answer));
    if (isSaved) this.name.value = "";
    return this.onChange();
  }
}

export function checkbox(title, onchange, value = "") {
  const input = element("input", { type: "checkbox", value, onchange });
  return { input, node: element("label", { class: "check" }, input, title) };
}
