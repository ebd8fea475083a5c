/** The reason of an order or quote with the value and the bound that were compared. */
export function refusalWords(view) {
  if (!view.reason) return "";
  const compared = view.reason_value ? ` (${view.reason_value}${view.reason_bound ? `, bound ${view.reason_bound}` : ""})` : "";
  return `${view.reason}${compared}`;
}
