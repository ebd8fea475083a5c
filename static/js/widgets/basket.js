/** A file of orders: read, looked at row by row, and placed as one act. What was looked at is what is sent. */

import { newCommandId } from "../feeds/commands.js";
import { commands } from "../feeds/session.js";
import { arrange, element, emptyRow, setAttribute, setDisabled, setText } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { refusalText } from "./notices.js";
import { Widget } from "./widget.js";

const EXAMPLE = "instrument,side,quantity,type,price,account,client_order_id";
const HEADS = ["", "Row", "Instrument", "Side", "Size", "Type", "Price", "Account", "Client order id", "Notional", "Problem"];
const LEFT = new Set([2, 3, 5, 7, 8, 10]);
const FILE_BYTES_MAX = 48_000;

class Basket extends Widget {
  build() {
    this.preview = null;
    this.text = element("textarea", { class: "input basket-text", id: "basket-text", rows: "8", spellcheck: "false", placeholder: EXAMPLE, oninput: () => this.changed() });
    this.file = element("input", { type: "file", id: "basket-file", accept: ".csv,text/csv", onchange: () => this.readFile() });
    this.account = element("select", { class: "input", id: "basket-account", onchange: () => this.changed() }, ...page.config.accounts.map(({ id, name }) => element("option", { value: String(id) }, name)));
    this.look = element("button", { class: "button", type: "submit" }, "Preview");
    this.send = element("button", { class: "button basket-send", type: "button", onclick: () => this.place() }, "Place");
    this.message = element("p", { class: "message", role: "status" }, "");
    this.totals = element("dl", { class: "basket-totals" });
    this.nothing = emptyRow(HEADS.length, "Preview shows what each row would do before anything is placed.");
    this.rows = element("tbody", {}, this.nothing);
    const fields = element("div", { class: "basket-fields" }, field("basket-file", "File", this.file), field("basket-account", "Account of rows without one", this.account), this.look);
    this.form = element("form", { class: "basket-form", autocomplete: "off", onsubmit: (event) => this.ask(event) }, field("basket-text", "Orders as CSV", this.text), fields);
    const heads = HEADS.map((title, i) => element("th", { scope: "col", class: LEFT.has(i) ? "left" : null }, title || element("span", { class: "hidden-text" }, "Place")));
    const table = element("table", { class: "grid" }, element("caption", { class: "hidden-text" }, "Rows of the basket"), element("thead", {}, element("tr", {}, ...heads)), this.rows);
    this.append(element("div", { class: "panel-head" }, element("h2", { class: "panel-title" }, "New basket")), this.form, this.totals, element("div", { class: "basket-act" }, this.send, this.message), element("div", { class: "panel-body", tabindex: 0, role: "region", "aria-label": "Rows of the basket" }, table));
  }

  async readFile() {
    const [file] = this.file.files;
    if (!file) return;
    if (file.size > FILE_BYTES_MAX) {
      this.say(`The file has ${file.size} bytes of at most ${FILE_BYTES_MAX}.`, "bad");
      return;
    }
    this.text.value = await file.text();
    this.name = file.name;
    this.changed();
  }

  /** What was previewed is not what is there any more. */
  changed() {
    this.preview = null;
    this.commandId = newCommandId();
    this.draw();
  }

  async ask(event) {
    event.preventDefault();
    this.changed();
    const asked = { csv: this.text.value, account_id: Number(this.account.value) };
    const answer = await commands.send({ type: "basket.preview", command_id: this.commandId, ...asked });
    if (answer.type === "command_refused") {
      this.say(`Refused. ${refusalText(answer)}`, "bad");
      return;
    }
    this.asked = asked;
    this.preview = answer.result;
    this.chosen = new Set(this.preview.rows.filter((row) => !row.reason).map((row) => row.number));
    this.say("", "");
    this.fillRows();
    this.draw();
  }

  fillRows() {
    arrange(this.rows, this.preview.rows.map((row) => this.row(row)));
    arrange(this.totals, [...this.preview.notionals.flatMap(([currency, bought, sold]) => pair(`Bought, ${currency}`, amount(bought)).concat(pair(`Sold, ${currency}`, amount(sold)))), ...this.preview.margins.flatMap((margin) => marginPairs(margin))]);
  }

  row(row) {
    const { cells } = row;
    const box = element("input", { class: "basket-check", type: "checkbox", "aria-label": `Place row ${row.number}`, onchange: () => this.choose(row.number, box.checked) });
    box.checked = !row.reason;
    box.disabled = Boolean(row.reason);
    const problem = row.reason ? `${format.words(row.reason)}${row.value ? `: ${row.value}` : ""}${row.bound ? `, bound ${row.bound}` : ""}` : row.order_id ? `placed before as order ${row.order_id}` : "";
    const texts = [String(row.number), cells.instrument, cells.side, cells.quantity, cells.type ?? (cells.price ? "limit" : "market"), cells.price ?? "market", cells.account ?? (row.account_id ? accountName(row.account_id) : ""), row.client_order_id, row.notional ? `${amount(row.notional)} ${row.currency}` : "", problem];
    const figures = texts.map((text, i) => element("td", { class: LEFT.has(i + 1) ? "left" : null, "data-side": i === 2 ? text?.toLowerCase() : null }, text || " "));
    return element("tr", { "data-row": String(row.number), class: row.reason ? "basket-bad" : null }, element("td", {}, box), ...figures);
  }

  choose(number, isChosen) {
    if (isChosen) this.chosen.add(number);
    else this.chosen.delete(number);
    this.commandId = newCommandId();
    this.draw();
  }

  draw() {
    const count = this.preview ? this.chosen.size : 0;
    const bad = this.preview ? this.preview.rows.filter((row) => row.reason).length : 0;
    setDisabled(this.send, count === 0);
    setText(this.send, this.preview ? `Place ${count} of ${this.preview.rows.length} orders${bad ? ` (${bad} cannot be placed)` : ""}` : "Place");
    if (!this.preview) {
      arrange(this.rows, [this.nothing]);
      arrange(this.totals, []);
    }
  }

  /** The same id until something changes: a second press is the same act. */
  async place() {
    if (!this.preview || !this.chosen.size) return;
    setDisabled(this.send, true);
    const message = { type: "basket.place", command_id: this.commandId, ...this.asked, rows: [...this.chosen].sort((a, b) => a - b), name: (this.name ?? "").slice(0, 80) };
    const answer = await commands.send(message);
    if (answer.type === "command_refused") this.say(`Nothing was placed. ${refusalText(answer)}`, "bad");
    else {
      this.say(`Basket ${answer.entity_id} placed: ${this.chosen.size} orders.`, "good");
      selection.set({ basketId: answer.entity_id });
    }
    this.draw();
  }

  say(text, kind) {
    setText(this.message, text);
    setAttribute(this.message, "data-kind", kind);
  }
}

function field(id, title, input) {
  return element("div", { class: "field" }, element("label", { for: id }, title), input);
}

function pair(title, text) {
  return [element("dt", {}, title), element("dd", {}, text)];
}

function marginPairs(margin) {
  const name = accountName(margin.account_id);
  if (margin.reason) return pair(`${name}: margin`, format.words(margin.reason));
  return [...pair(`${name}: initial margin, USD`, `${amount(margin.initial_before)} → ${amount(margin.initial_after)}`), ...pair(`${name}: equity, USD`, `${amount(margin.equity_before)} → ${amount(margin.equity_after)}`)];
}

function accountName(id) {
  return page.config.accounts.find((account) => account.id === id)?.name ?? String(id);
}

function amount(text) {
  return format.exact(text);
}

customElements.define("parley-basket", Basket);
