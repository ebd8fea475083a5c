/** The public tape as a blotter: completed block trades of everybody, without names. */

import { serverNowMs } from "../lib/clock.js";
import * as format from "../lib/format.js";
import { legsText } from "../lib/structure.js";
import { market } from "../store/market.js";

const left = (id, title, text, more = {}) => ({ id, title, text, isLeft: true, ...more });
const figure = (id, title, field) => ({ id, title, text: (line) => format.exact(line[field]), sort: (line) => Number(line[field] ?? NaN), raw: (line) => line[field] ?? "" });

function kindText(line) {
  return line.kind === "trade" ? "" : `${line.kind} of ${line.refers_to}`;
}

export const TAPE = {
  title: "Tape",
  rows: () => market.tape,
  key: (line) => line.sequence,
  sorted: ["sequence", "descending"],
  topics: ["tape"],
  columns: [
    { id: "sequence", title: "Line", text: (line) => String(line.sequence), sort: (line) => line.sequence },
    left("time", "Time (UTC)", (line) => format.instant(line.at_ns, serverNowMs()), { sort: (line) => line.at_ns, raw: (line) => format.dateTime(line.at_ns) }),
    left("side", "Side", (line) => line.side, { className: (line) => line.side }),
    figure("quantity", "Quantity", "quantity"),
    left("structure", "Structure", (line) => line.structure),
    left("legs", "Legs", (line) => legsText(line.legs)),
    figure("price", "Price", "price"),
    left("currency", "In", (line) => line.quote_currency),
    figure("mark", "Mark", "mark"),
    figure("against", "Price − mark", "price_against_mark"),
    left("kind", "Correction", kindText, { className: () => "warning-text" }),
  ],
};
