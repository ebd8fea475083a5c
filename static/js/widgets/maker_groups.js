/** Groups of makers that the firm asks together: name, members, change and delete. Deleting takes two actions. */

import { commands } from "../feeds/session.js";
import { arrange, element, setDisabled, setText } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { checkbox } from "./audience_picker.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

class MakerGroups extends Widget {
  build() {
    this.rows = new Map();
    this.list = element("div", { class: "group-list" });
    this.empty = element("p", { class: "muted" }, "No group yet.");
    this.added = new GroupRow(null);
    this.append(this.list, this.empty, element("h2", { class: "panel-title" }, "New group"), this.added.node);
  }

  listen() {
    this.watch(firm, ["maker_groups", "loaded"]);
  }

  draw() {
    const groups = [...firm.maker_groups.values()].sort((a, b) => a.name.localeCompare(b.name));
    arrange(this.list, groups.map((group) => this.drawGroup(group)));
    for (const id of this.rows.keys()) if (!firm.maker_groups.has(id)) this.rows.delete(id);
    this.empty.hidden = groups.length > 0;
  }

  drawGroup(group) {
    if (!this.rows.has(group.maker_group_id)) this.rows.set(group.maker_group_id, new GroupRow(group.maker_group_id));
    const row = this.rows.get(group.maker_group_id);
    row.show(group);
    return row.node;
  }
}

class GroupRow {
  /** @param {number | null} id null makes a new group */
  constructor(id) {
    this.id = id;
    this.isArmed = false;
    const what = id === null ? "new group" : `group ${id}`;
    this.name = element("input", { class: "input", "aria-label": `Name of ${what}`, placeholder: "Name", maxlength: 64 });
    this.boxes = page.config.makers.map((maker) => checkbox(maker.name, () => {}, maker.id));
    this.save = element("button", { class: "button button-primary", type: "submit" }, id === null ? "Make group" : "Save");
    this.remove = element("button", { class: "button", type: "button", onclick: () => this.erase() }, "Delete");
    this.remove.hidden = id === null;
    this.note = element("span", { class: "muted", role: "status" }, "");
    const members = element("div", { class: "makers", role: "group", "aria-label": `Makers of ${what}` }, ...this.boxes.map((box) => box.node));
    this.node = element("form", { class: "group-row", autocomplete: "off", onsubmit: (event) => this.send(event) }, this.name, members, this.save, this.remove, this.note);
  }

  /** What is stored, unless it has been shown already: nothing that is being typed is overwritten. */
  show(group) {
    const key = JSON.stringify(group);
    if (key === this.shown) return;
    this.shown = key;
    this.name.value = group.name;
    for (const { input } of this.boxes) input.checked = group.maker_firm_ids.includes(Number(input.value));
  }

  async send(event) {
    event.preventDefault();
    setDisabled(this.save, true);
    const maker_firm_ids = this.boxes.filter((box) => box.input.checked).map((box) => Number(box.input.value));
    const answer = await commands.send({ type: "rfq.save_maker_group", maker_group_id: this.id, name: this.name.value, maker_firm_ids });
    setDisabled(this.save, false);
    setText(this.note, answer.type === "command_refused" ? refusalText(answer) : "Saved.");
    if (this.id === null && answer.type !== "command_refused") this.reset();
  }

  reset() {
    this.name.value = "";
    for (const { input } of this.boxes) input.checked = false;
  }

  async erase() {
    if (!this.isArmed) {
      this.isArmed = true;
      return setText(this.remove, "Confirm delete");
    }
    const answer = await commands.send({ type: "rfq.delete_maker_group", maker_group_id: this.id });
    return setText(this.note, answer.type === "command_refused" ? refusalText(answer) : "Deleted.");
  }
}

customElements.define("parley-maker-groups", MakerGroups);
