import { exact } from "../lib/format.js";

/** The reason of an order or quote with the value and the bound that were compared. */
export function refusalWords(view) {
  if (!view.reason) return "";
  const compared = view.reason_value ? ` (${exact(view.reason_value)}${view.reason_bound ? `, bound ${exact(view.reason_bound)}` : ""})` : "";
  return `${view.reason}${compared}`;
}
