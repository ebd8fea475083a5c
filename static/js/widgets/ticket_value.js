/** What an order on the ticket is worth, what an amendment says, and what of the ticket outlives the page. */

import * as format from "../lib/format.js";

const KEPT = "parley.ticket";

/** At the typed price, or at the mark where there is none (NaN). */
export function valueText(instrument, ticker, quantity, typedPrice) {
  const price = Number.isNaN(typedPrice) ? ticker?.mark_price : typedPrice;
  if (!quantity || !price) return format.NOTHING;
  const size = quantity * instrument.contractSize;
  if (instrument.kind !== "option" && instrument.is_inverse) return `${format.number(size, 0)} USD`;
  const usd = instrument.is_inverse ? size * price * (ticker?.forward_price ?? NaN) : size * price;
  const coin = instrument.is_inverse ? `${format.number(size * price, 4)} ${instrument.coin} · ` : "";
  return `${coin}${format.number(usd, 0)} USD`;
}

/** What an amended order, or a route, is to be: for the button, and as the command; its filled part counts. */
export function amendment(order, instrument, { command_id, quantity, price }) {
  const at = price === null ? "" : ` at ${price} ${instrument.quote_currency}`;
  const [kind, id] = order.route_id ? ["route", order.route_id] : ["order", order.order_id];
  const text = `Amend ${kind} ${id} to ${quantity} ${instrument.name}${at}`;
  const message = { type: `${kind}.amend`, command_id, [`${kind}_id`]: id, quantity, price };
  return Object.freeze({ text, message: Object.freeze(message) });
}

export function unitOf(instrument) {
  return instrument.kind !== "option" && instrument.is_inverse ? "contracts" : instrument.coin;
}

export function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
}

export function keep(state) {
  sessionStorage.setItem(KEPT, JSON.stringify(state));
}
