/**
 * What each blotter shows. A column: {id, title, text(view), sort?(view), isLeft?, className?(view)}; the text is also
 * what is exported.
 */

import { commands as orders } from "../feeds/orders.js";
import { commands } from "../feeds/session.js";
import * as format from "../lib/format.js";
import { legsText } from "../lib/structure.js";
import { firm, OPEN_ORDER_STATES } from "../store/firm.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { refusalWords } from "../store/refusals.js";
import { notify, refusalText } from "./notices.js";

const plain = (id, title, text, more = {}) => ({ id, title, text, ...more });
const figure = (id, title, field) => plain(id, title, (view) => format.exact(view[field]), { sort: (view) => Number(view[field]), raw: (view) => view[field] ?? "" });
const time = (id, title, field) => plain(id, title, (view) => format.dateTime(view[field]), { sort: (view) => view[field], isLeft: true });
const instrument = plain("instrument", "Instrument", (view) => view.instrument_name, { isLeft: true });
const side = plain("side", "Side", (view) => view.side, { isLeft: true, className: (view) => view.side });
const state = plain("state", "State", (view) => (view.state === "unknown" ? "unknown, checking" : format.words(view.state)), { isLeft: true, isState: true });
const account = plain("account", "Account", (view) => page.accountName(view.account_id), { isLeft: true });

async function cancel(sent, what) {
  const answer = await sent;
  if (answer.type === "command_refused") notify(`${what} not canceled. ${refusalText(answer)}`, "bad");
}

function ownQuotes() {
  const made = [...firm.rfqs.values()].filter((rfq) => rfq.role === "maker");
  return made.flatMap((rfq) => rfq.quotes.map((quote) => ({ ...quote, rfq })));
}

function unrealized(position) {
  const risk = firm.risks.get(position.account_id);
  const row = risk?.positions.find((one) => one.instrument_name === position.instrument_name);
  return row?.unrealized ?? NaN;
}

export const TABLES = {
  orders: {
    title: "Orders",
    rows: () => [...firm.orders.values()],
    key: (order) => order.order_id,
    count: () => [...firm.orders.values()].filter((order) => OPEN_ORDER_STATES.has(order.state)).length,
    sorted: ["id", "descending"],
    columns: [
      plain("id", "Id", (order) => String(order.order_id), { sort: (order) => order.order_id }),
      time("time", "Time (UTC)", "created_at_ns"),
      instrument,
      side,
      figure("quantity", "Size", "quantity"),
      plain("price", "Price", (order) => (order.price === null ? "market" : format.exact(order.price)), { sort: (order) => Number(order.price), raw: (order) => order.price ?? "market" }),
      figure("filled", "Filled", "filled_quantity"),
      figure("average", "Avg price", "average_price"),
      plain("tif", "TIF", (order) => `${order.time_in_force.toUpperCase()}${order.is_post_only ? " post" : ""}`, { isLeft: true }),
      state,
      plain("reason", "Reason", refusalWords, { isLeft: true, className: () => "danger-text" }),
    ],
    action: (order) => OPEN_ORDER_STATES.has(order.state) && order.state !== "pending_cancel" && { title: "Cancel", label: `Cancel order ${order.order_id}`, run: () => cancel(orders.cancel(order.order_id), `Order ${order.order_id}`) },
  },
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
      figure("price", "Price", "price"),
      plain("fee", "Fee", (fill) => `${format.exact(fill.fee)} ${fill.fee_asset}`),
      plain("liquidity", "Liquidity", (fill) => fill.liquidity, { isLeft: true }),
      plain("source", "From", (fill) => (fill.order_id ? `order ${fill.order_id}` : fill.rfq_id ? `RFQ ${fill.rfq_id}` : ""), { isLeft: true }),
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
      plain("reason", "Reason", (rfq) => rfq.reason, { isLeft: true }),
    ],
  },
  quotes: {
    title: "Own quotes",
    rows: ownQuotes,
    key: (quote) => quote.quote_id,
    count: () => ownQuotes().filter((quote) => quote.state === "active").length,
    sorted: ["id", "descending"],
    columns: [
      plain("id", "Quote", (quote) => String(quote.quote_id), { sort: (quote) => quote.quote_id }),
      plain("rfq", "RFQ", (quote) => String(quote.rfq_id), { sort: (quote) => quote.rfq_id }),
      time("time", "Updated (UTC)", "updated_at_ns"),
      plain("structure", "Structure", (quote) => `${quote.rfq.quantity} × ${quote.rfq.structure}`, { isLeft: true }),
      plain("version", "Version", (quote) => String(quote.version), { sort: (quote) => quote.version }),
      figure("bid", "Bid", "bid"),
      figure("ask", "Ask", "ask"),
      state,
      plain("reason", "Reason", (quote) => quote.reason, { isLeft: true }),
    ],
    action: (quote) => quote.state === "active" && { title: "Cancel", label: `Cancel quote ${quote.quote_id}`, run: () => cancel(commands.send({ type: "rfq.cancel_quote", quote_id: quote.quote_id }), `Quote ${quote.quote_id}`) },
  },
  positions: {
    title: "Positions",
    rows: () => [...firm.positions.values()].filter((position) => Number(position.quantity) !== 0),
    key: (position) => `${position.account_id}.${position.instrument_name}`,
    count: () => [...firm.positions.values()].filter((position) => Number(position.quantity) !== 0).length,
    sorted: ["instrument", "ascending"],
    topics: ["risk"],
    columns: [
      instrument,
      account,
      figure("quantity", "Size", "quantity"),
      figure("average", "Avg price", "average_price"),
      plain("mark", "Mark", (position) => format.number(market.tickers.get(position.instrument_name)?.mark_price, page.instrument(position.instrument_name)?.priceDecimals ?? 4), { sort: (position) => market.tickers.get(position.instrument_name)?.mark_price }),
      plain("unrealized", "Unrealized USD", (position) => format.signed(unrealized(position), 2), { sort: unrealized, className: (position) => (unrealized(position) < 0 ? "negative" : "positive") }),
      plain("realized", "Realized", (position) => `${format.exact(position.realized)} ${position.settlement_currency}`, { sort: (position) => Number(position.realized) }),
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
      figure("posted", "Posted", "posted"),
      figure("pending", "Pending", "pending"),
    ],
  },
};
