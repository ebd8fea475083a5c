/**
 * What each blotter shows. A column: {id, title, text(view), sort?(view), isLeft?, className?(view)}; the text is also
 * what is exported.
 */

import { commands as orders } from "../feeds/orders.js";
import { commands } from "../feeds/session.js";
import { serverNowMs } from "../lib/clock.js";
import * as format from "../lib/format.js";
import { legsText } from "../lib/structure.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { refusalWords } from "../store/refusals.js";
import { selection } from "../store/selection.js";
import { notify, refusalText } from "./notices.js";
import { priceText } from "./price_text.js";
import { ROUTES } from "./route_table.js";
import { VENUE_RFQS } from "./venue_rfq_table.js";
import { TAPE } from "./tape_table.js";

const plain = (id, title, text, more = {}) => ({ id, title, text, ...more });
const figure = (id, title, field) => plain(id, title, (view) => format.exact(view[field]), { sort: (view) => Number(view[field]), raw: (view) => view[field] ?? "" });
const price = (id, title, field) => plain(id, title, (view) => priceText(view.instrument_name, view[field]), { sort: (view) => Number(view[field]), raw: (view) => view[field] ?? "" });
const money = (id, title, field, asset) => plain(id, title, (view) => `${format.amount(view[field])}${asset ? ` ${view[asset]}` : ""}`, { sort: (view) => Number(view[field]), raw: (view) => `${view[field]}${asset ? ` ${view[asset]}` : ""}` });
const time = (id, title, field) => plain(id, title, (view) => format.instant(view[field], serverNowMs()), { sort: (view) => view[field], raw: (view) => format.dateTime(view[field]), isLeft: true });
const instrument = plain("instrument", "Instrument", (view) => view.instrument_name, { isLeft: true });
const side = plain("side", "Side", (view) => view.side, { isLeft: true, className: (view) => view.side });
const state = plain("state", "State", (view) => (view.state === "unknown" ? "unknown, checking" : format.words(view.state)), { isLeft: true, isState: true });
const account = plain("account", "Account", (view) => page.accountName(view.account_id), { isLeft: true });

async function cancel(sent, what) {
  const answer = await sent;
  if (answer.type === "command_refused") notify(`${what} not canceled. ${refusalText(answer)}`, "bad");
}

const AMENDABLE_STATES = new Set(["new", "partially_filled"]);

function orderActions(order) {
  const looking = { title: "⋔", label: `What became of order ${order.order_id}`, run: () => location.assign(`/algos/#order-${order.order_id}`) };
  if (!OPEN_ORDER_STATES.has(order.state) || order.state === "pending_cancel") return looking;
  const canceling = { title: "Cancel", label: `Cancel order ${order.order_id}`, run: () => cancel(orders.cancel(order.order_id), `Order ${order.order_id}`) };
  const amending = { title: "✎", label: `Amend order ${order.order_id}`, run: () => selection.amend(order) };
  return AMENDABLE_STATES.has(order.state) ? [canceling, amending, looking] : [canceling, looking];
}

const unpriced = (order) => (order.order_type === "peg" ? "peg" : "market");
const orderPrice = (order) => (order.price === null ? unpriced(order) : priceText(order.instrument_name, order.price));

/** What an order asks for beyond the usual, as words. */
function termsText(order) {
  const words = [];
  if (order.stop_price) words.push(`stop ${format.exact(order.stop_price)}${order.is_triggered ? ", triggered" : ` by ${format.words(order.trigger)}`}`);
  if (order.peg_reference) words.push(`peg to ${order.peg_reference === "mid" ? "mid" : "own side"}${order.peg_offset ? ` ${order.peg_offset}` : ""}`);
  if (order.expires_at_ns) words.push(`until ${format.dateTime(order.expires_at_ns)}`);
  if (order.display_quantity) words.push(`shows ${format.exact(order.display_quantity)}`);
  if (order.minimum_quantity) words.push(`at least ${format.exact(order.minimum_quantity)}`);
  if (order.is_reduce_only) words.push("reduce-only");
  if (order.self_match && order.self_match !== "cancel_newest") words.push(format.words(order.self_match));
  return words.join(" · ");
}

function ownQuotes() {
  const made = [...firm.rfqs.values()].filter((rfq) => rfq.role === "maker");
  return made.flatMap((rfq) => rfq.quotes.map((quote) => ({ ...quote, rfq })));
}

/** The row of the latest risk frame: its mark is the one that the unrealized profit beside it was taken at. */
function riskRow(position) {
  return firm.risks.get(position.account_id)?.positions.find((one) => one.instrument_name === position.instrument_name);
}

const isOpen = (position) => Number(position.quantity) !== 0;
const unrealized = (position) => (isOpen(position) ? (riskRow(position)?.unrealized ?? NaN) : NaN);
const mark = (position) => riskRow(position)?.mark_price ?? market.tickers.get(position.instrument_name)?.mark_price;

export const TABLES = {
  orders: {
    title: "Orders",
    rows: () => [...firm.orders.values()],
    key: (order) => order.order_id,
    count: () => [...firm.orders.values()].filter((order) => OPEN_ORDER_STATES.has(order.state)).length,
    sorted: ["time", "descending"],
    columns: [
      time("time", "Time (UTC)", "created_at_ns"),
      instrument,
      side,
      figure("quantity", "Size", "quantity"),
      plain("price", "Price", orderPrice, { sort: (order) => Number(order.price), raw: (order) => order.price ?? unpriced(order) }),
      state,
      figure("filled", "Filled", "filled_quantity"),
      price("average", "Avg price", "average_price"),
      plain("tif", "TIF", (order) => `${order.time_in_force.toUpperCase()}${order.is_post_only ? " post" : ""}`, { isLeft: true }),
      plain("reason", "Reason", refusalWords, { isLeft: true, className: (order) => (order.state === "rejected" ? "danger-text" : "muted") }),
      plain("terms", "Terms", termsText, { isLeft: true, className: () => "muted" }),
      plain("origin", "By", (order) => (order.parent_order_id ? `algo ${order.client_order_id}` : order.client_order_id ? `FIX ${order.client_order_id}` : ""), { isLeft: true, className: () => "muted" }),
      plain("id", "Id", (order) => String(order.order_id), { sort: (order) => order.order_id }),
    ],
    action: orderActions,
  },
  routes: ROUTES,
  venue_rfqs: VENUE_RFQS,
  fills: {
    title: "Fills",
    rows: () => [...firm.fills.values()],
    key: (fill) => `${fill.execution_id}.${fill.account_id}`,
    sorted: ["time", "descending"],
    columns: [
      plain("id", "Execution", (fill) => String(fill.execution_id), { sort: (fill) => fill.execution_id }),
      time("time", "Time (UTC)", "at_ns"),
      instrument,
      side,
      figure("quantity", "Size", "quantity"),
      price("price", "Price", "price"),
      money("fee", "Fee", "fee", "fee_asset"),
      plain("liquidity", "Liquidity", (fill) => fill.liquidity, { isLeft: true }),
      plain("source", "From", (fill) => (fill.order_id ? `order ${fill.order_id}` : fill.rfq_id ? `RFQ ${fill.rfq_id}` : fill.route_id ? `route ${fill.route_id} at ${fill.venue}` : ""), { isLeft: true }),
    ],
  },
  rfqs: {
    title: "RFQs",
    rows: () => [...firm.rfqs.values()],
    key: (rfq) => rfq.rfq_id,
    count: () => [...firm.rfqs.values()].filter((rfq) => rfq.state === "open" || rfq.state === "pending_fill").length,
    sorted: ["id", "descending"],
    columns: [
      plain("id", "Id", (rfq) => String(rfq.rfq_id), { sort: (rfq) => rfq.rfq_id }),
      time("time", "Time (UTC)", "created_at_ns"),
      plain("structure", "Structure", (rfq) => rfq.structure, { isLeft: true }),
      plain("legs", "Legs", (rfq) => legsText(rfq.legs), { isLeft: true }),
      figure("quantity", "Quantity", "quantity"),
      plain("way", "Direction", (rfq) => rfq.side ?? "two-way", { isLeft: true }),
      plain("quotes", "Quotes", (rfq) => String(rfq.quotes.length)),
      figure("traded", "Traded", "traded_price"),
      state,
      plain("reason", "Reason", (rfq) => format.words(rfq.reason), { isLeft: true }),
    ],
  },
  quotes: {
    title: "Own quotes",
    rows: ownQuotes,
    key: (quote) => quote.quote_id,
    count: () => ownQuotes().filter((quote) => quote.state === "active").length,
    sorted: ["time", "descending"],
    columns: [
      plain("id", "Quote", (quote) => String(quote.quote_id), { sort: (quote) => quote.quote_id }),
      plain("rfq", "RFQ", (quote) => String(quote.rfq_id), { sort: (quote) => quote.rfq_id }),
      time("time", "Updated (UTC)", "updated_at_ns"),
      plain("structure", "Structure", (quote) => `${quote.rfq.quantity} × ${quote.rfq.structure}`, { isLeft: true }),
      plain("version", "Version", (quote) => String(quote.version), { sort: (quote) => quote.version }),
      figure("bid", "Bid", "bid"),
      figure("ask", "Ask", "ask"),
      state,
      plain("outcome", "Outcome", (quote) => format.words(quote.outcome ?? ""), { isLeft: true }),
      plain("reason", "Reason", (quote) => format.words(quote.reason), { isLeft: true }),
    ],
    action: (quote) => quote.state === "active" && { title: "Cancel", label: `Cancel quote ${quote.quote_id}`, run: () => cancel(commands.send({ type: "rfq.cancel_quote", quote_id: quote.quote_id }), `Quote ${quote.quote_id}`) },
  },
  positions: {
    title: "Positions",
    rows: () => [...firm.positions.values()].filter((position) => isOpen(position) || (Number(position.realized) !== 0 && page.instrument(position.instrument_name)?.isListed)),
    key: (position) => `${position.account_id}.${position.instrument_name}`,
    count: () => [...firm.positions.values()].filter(isOpen).length,
    sorted: ["instrument", "ascending"],
    topics: ["risk"],
    columns: [
      instrument,
      account,
      figure("quantity", "Size", "quantity"),
      price("average", "Avg price", "average_price"),
      plain("mark", "Mark", (position) => format.number(mark(position), page.instrument(position.instrument_name)?.priceDecimals ?? 4), { sort: mark }),
      plain("unrealized", "Unrealized USD", (position) => format.signed(unrealized(position), 2), { sort: unrealized, className: (position) => (unrealized(position) < 0 ? "negative" : "positive") }),
      money("realized", "Realized", "realized", "settlement_currency"),
    ],
  },
  balances: {
    title: "Balances",
    rows: () => [...firm.balances.values()],
    key: (balance) => `${balance.account_id}.${balance.asset}`,
    sorted: ["asset", "ascending"],
    columns: [
      plain("asset", "Asset", (balance) => balance.asset, { isLeft: true }),
      account,
      money("posted", "Posted", "posted"),
      money("pending", "Pending", "pending"),
    ],
  },
  tape: TAPE,
};
