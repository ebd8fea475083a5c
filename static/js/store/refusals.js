import { exact } from "../lib/format.js";

/** The reason of an order or quote with the value and the bound that were compared. */
export function refusalWords(view) {
  if (!view.reason) return "";
  const compared = view.reason_value ? ` (${grouped(view.reason_value)}${view.reason_bound ? `, bound ${grouped(view.reason_bound)}` : ""})` : "";
  return `${view.reason}${compared}`;
}

/** `10000000 USD` -> `10,000,000 USD`. */
function grouped(text) {
  const [figure, ...unit] = text.split(" ");
  return [/^[\d.]+$/.test(figure) ? exact(figure) : figure, ...unit].join(" ");
}
