/** Numbers and times as a trader reads them. Empty values are an en dash, so that columns never collapse. */

export const NOTHING = "–";
const AMOUNT_DECIMALS = 8;
const AVERAGE_DIGITS_MORE = 2;
const DAY_MS = 86_400_000;
const grouped = new Map();

function groupedFormat(decimals) {
  let format = grouped.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    grouped.set(decimals, format);
  }
  return format;
}

/** A float with a fixed number of digits and thousands separators. */
export function number(value, decimals) {
  return Number.isFinite(value) ? groupedFormat(decimals).format(value) : NOTHING;
}

/** With an explicit sign: color is never the only signal. */
export function signed(value, decimals) {
  if (!Number.isFinite(value)) return NOTHING;
  const text = groupedFormat(decimals).format(value);
  if (!/[1-9]/.test(text)) return text.replace("-", "");
  return value > 0 ? `+${text}` : text;
}

/** Decimal text as it is, with thousands separators in its whole part and its trailing zeros kept. */
export function exact(text) {
  if (text === null || text === undefined || text === "") return NOTHING;
  const [whole, fraction] = String(text).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

/** Decimal text without the trailing zeros of its fraction. */
export function short(text) {
  if (text === null || text === undefined || text === "") return NOTHING;
  const plain = String(text);
  return exact(plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain);
}

/** An average at two digits more than the price beside it has; as it is where it has no more. */
export function average(text, price) {
  const digits = fractionDigits(price) + AVERAGE_DIGITS_MORE;
  return fractionDigits(text) > digits ? exact(Number(text).toFixed(digits)) : exact(text);
}

function fractionDigits(text) {
  return (String(text ?? "").split(".")[1] ?? "").length;
}

/** An amount of money without its trailing zeros, cut to the digits that a coin is counted in. */
export function amount(text) {
  if (text === null || text === undefined || text === "") return NOTHING;
  const [whole, fraction = ""] = String(text).split(".");
  const cut = short(`${whole}.${fraction.slice(0, AMOUNT_DECIMALS)}0`);
  return cut === "-0" ? "0" : cut;
}

export function percent(share, decimals = 1) {
  return Number.isFinite(share) ? `${(share * 100).toFixed(decimals)}%` : NOTHING;
}

/** UTC time of day of nanoseconds since the epoch. */
export function timeOfDay(atNs, withMs = false) {
  if (!atNs) return NOTHING;
  return new Date(atNs / 1e6).toISOString().slice(11, withMs ? 23 : 19);
}

/** UTC date and time of nanoseconds since the epoch. */
export function dateTime(atNs) {
  return atNs ? new Date(atNs / 1e6).toISOString().slice(0, 23).replace("T", " ") : NOTHING;
}

/** Time of day of an instant of today, the date as well of any other; `nowMs` is the server's. */
export function instant(atNs, nowMs) {
  if (!atNs) return NOTHING;
  const isToday = Math.floor(atNs / 1e6 / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return isToday ? timeOfDay(atNs, true) : dateTime(atNs);
}

/** `4:05` or `12 s` from milliseconds, rounded up so that zero means over. */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}

/** Days or hours until an expiry. */
export function untilExpiry(ms) {
  const hours = ms / 3_600_000;
  if (hours <= 0) return "expired";
  return hours >= 48 ? `${Math.floor(hours / 24)}d` : `${Math.floor(hours)}h`;
}

/** `pending_new` -> `pending new`. */
export function words(name) {
  return name.replaceAll("_", " ");
}
