/** Shares a request out to the firm's accounts. Nothing typed: all of it is the account's that is chosen. */

import { element, setText } from "../lib/dom.js";
import { compareText, fixText, sumText } from "../lib/decimal.js";
import { page } from "../store/page.js";
import { NumberField } from "./fields.js";

const ACCOUNTS_MAX = 10;

export class AccountShares {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.shares = page.config.accounts.slice(0, ACCOUNTS_MAX).map(({ id, name }) => ({ id, field: new NumberField(name, { onInput: onChange, className: "input-small" }) }));
    this.note = element("span", { class: "muted" }, "");
    this.node = element("details", { class: "shares" }, element("summary", {}, "Accounts ", this.note), element("div", { class: "shares-grid" }, ...this.shares.map((one) => one.field.node)));
    this.node.hidden = this.shares.length < 2;
  }

  get filled() {
    return this.shares.filter(({ field }) => field.input.value.trim() !== "");
  }

  get value() {
    return this.filled.map(({ id, field }) => ({ account_id: id, quantity: field.value ?? "" }));
  }

  load(allocations) {
    for (const { id, field } of this.shares) field.value = allocations.find((one) => one.account_id === id)?.quantity ?? "";
    this.node.open = allocations.length > 0;
  }

  draw(step) {
    for (const { field } of this.shares) field.setStep(step, 0);
    setText(this.note, this.filled.length ? `${this.filled.length} share it` : "one account");
  }

  /** Why the shares are not usable for `quantity`, or "". */
  problem(quantity) {
    if (!this.filled.length) return "";
    const wrong = this.filled.map(({ field }) => field.problem).find((text) => text !== "");
    if (wrong) return wrong;
    const total = sumText(this.filled.map(({ field }) => ({ text: field.value, factor: 1 })));
    return compareText(total, quantity) === 0 ? "" : `Shares add up to ${fixText(total, 0)}, not ${quantity}`;
  }
}
