/** Label and drafts of the builder: save, load, delete. A loaded draft is saved over, and sent under its own id. */

import { commands } from "../feeds/session.js";
import { element, setDisabled, setText } from "../lib/dom.js";
import { firm } from "../store/firm.js";
import { notify, refusalText } from "./notices.js";

export class DraftBar {
  /** @param {{terms: () => object, load: (draft: object) => void}} builder */
  constructor(builder) {
    this.builder = builder;
    this.draftId = null;
    this.label = element("input", { class: "input", "aria-label": "Label", placeholder: "Label", maxlength: 64 });
    this.list = element("select", { class: "input", "aria-label": "Drafts", onchange: () => this.load() });
    this.save = element("button", { class: "button button-small", type: "button", onclick: () => this.keep() }, "Save draft");
    this.remove = element("button", { class: "button button-small", type: "button", onclick: () => this.forget() }, "Delete");
    this.node = element("div", { class: "draft-bar" }, this.label, this.list, this.save, this.remove);
  }

  draw(canSave) {
    const drafts = [...firm.drafts.values()].sort((a, b) => b.rfq_id - a.rfq_id);
    this.noticeEnd();
    const options = [["", drafts.length ? `Drafts (${drafts.length})` : "No draft"], ...drafts.map((one) => [String(one.rfq_id), `#${one.rfq_id} ${one.label || one.structure}`])];
    const key = JSON.stringify(options);
    if (key !== this.drawn) {
      this.list.replaceChildren(...options.map(([id, title]) => element("option", { value: id }, title)));
      this.drawn = key;
    }
    this.list.value = this.draftId === null ? "" : String(this.draftId);
    setText(this.save, this.draftId === null ? "Save draft" : `Save #${this.draftId}`);
    setDisabled(this.save, !canSave);
    setDisabled(this.remove, this.draftId === null);
  }

  /** A draft that was here and is no more was sent or deleted; one just saved may not be here yet. */
  noticeEnd() {
    const isHere = firm.drafts.has(this.draftId);
    if (this.wasHere && !isHere) this.draftId = null;
    this.wasHere = isHere;
  }

  load() {
    const draft = firm.drafts.get(Number(this.list.value));
    this.draftId = draft?.rfq_id ?? null;
    if (!draft) return;
    this.label.value = draft.label;
    this.builder.load(draft);
  }

  async keep() {
    const answer = await commands.send({ type: "rfq.save_draft", rfq_id: this.draftId, ...this.builder.terms() });
    if (answer.type === "command_refused") return notify(`Draft refused. ${refusalText(answer)}`, "bad");
    this.draftId = answer.entity_id;
    return notify(`Draft ${answer.entity_id} is saved.`);
  }

  async forget() {
    const answer = await commands.send({ type: "rfq.delete_draft", rfq_id: this.draftId });
    if (answer.type === "command_refused") notify(`Delete refused. ${refusalText(answer)}`, "bad");
  }
}
