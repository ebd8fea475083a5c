/**
 * Exact decimals as {units, scale}: value = units / 10^scale. Money and quantities never pass through a float here.
 * @typedef {{units: bigint, scale: number}} Decimal
 */

const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;
const SHORTHAND = /^(\d*\.?\d+)\s*([kmKM])$/;
const POWERS = { k: 3, m: 6 };

/** @param {string} text @returns {Decimal | null} */
export function parseDecimal(text) {
  const match = PLAIN.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = ""] = match;
  const units = BigInt(whole + fraction);
  return { units: sign ? -units : units, scale: fraction.length };
}

/**
 * What a person types: `1,250`, `2.5k`, `.5`, `1m`. Answers plain decimal text, or null.
 * @param {string} typed
 */
export function readTyped(typed) {
  const text = typed.trim().replace(/,/g, "");
  const short = SHORTHAND.exec(text);
  if (short !== null) return shiftText(short[1], POWERS[short[2].toLowerCase()]);
  const padded = text.startsWith(".") ? `0${text}` : text.endsWith(".") ? text.slice(0, -1) : text;
  return PLAIN.test(padded) ? padded : null;
}

/** Exact text of `text` times ten to the `power`, without trailing zeros; null where it is no number. */
export function shiftText(text, power) {
  const decimal = parseDecimal(text.startsWith(".") ? `0${text}` : text);
  if (decimal === null) return null;
  if (power < 0) return toText({ units: decimal.units, scale: decimal.scale - power }, true);
  return toText({ units: decimal.units * 10n ** BigInt(power), scale: decimal.scale }, true);
}

function withScale(decimal, scale) {
  const lift = scale - decimal.scale;
  return { units: lift >= 0 ? decimal.units * 10n ** BigInt(lift) : decimal.units, scale: Math.max(scale, decimal.scale) };
}

/** @param {Decimal} decimal @param {boolean} [isTrimmed] without trailing zeros of the fraction */
export function toText(decimal, isTrimmed = false) {
  const digits = (decimal.units < 0n ? -decimal.units : decimal.units).toString().padStart(decimal.scale + 1, "0");
  const whole = digits.slice(0, digits.length - decimal.scale);
  let fraction = digits.slice(digits.length - decimal.scale);
  if (isTrimmed) fraction = fraction.replace(/0+$/, "");
  const sign = decimal.units < 0n ? "-" : "";
  return fraction ? `${sign}${whole}.${fraction}` : `${sign}${whole}`;
}

/** Digits after the point that a step such as `0.0005` needs. */
export function decimalsOf(step) {
  const point = step.indexOf(".");
  return point < 0 ? 0 : step.replace(/0+$/, "").length - point - 1;
}

/** Is `text` a whole number of `step`? */
export function isWholeSteps(text, step) {
  const [value, unit] = aligned(text, step);
  return value !== null && value % unit === 0n;
}

/** `text` moved by `count` steps, on the grid of `step`, with the step's own digits; below zero where `isSigned`. */
export function moveSteps(text, step, count, isSigned = false) {
  const [value, unit, scale] = aligned(text || "0", step);
  const start = value ?? 0n;
  const moved = (floorDivide(start, unit) + BigInt(count) + (count < 0 && start % unit !== 0n ? 1n : 0n)) * unit;
  return fixText(toText({ units: moved < 0n && !isSigned ? 0n : moved, scale }), decimalsOf(step));
}

function aligned(text, step) {
  const value = parseDecimal(text);
  const unit = parseDecimal(step);
  if (value === null || unit === null) return [null, 1n, 0];
  const scale = Math.max(value.scale, unit.scale);
  return [withScale(value, scale).units, withScale(unit, scale).units, scale];
}

function floorDivide(value, unit) {
  const quotient = value / unit;
  return value % unit < 0n ? quotient - 1n : quotient;
}

/** Plain decimal text with exactly `decimals` digits after the point; digits that do not fit are kept, not rounded. */
export function fixText(text, decimals) {
  const decimal = parseDecimal(text);
  if (decimal === null) return text;
  const trimmed = parseDecimal(toText(decimal, true));
  return toText(withScale(trimmed, Math.max(decimals, trimmed.scale)));
}

/** -1, 0 or 1. Both must be decimal text. */
export function compareText(left, right) {
  const [a, b] = aligned(left, right);
  if (a === null) return 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A float rounded to the grid of `step`: `direction` -1 down, 0 nearest, 1 up. The one way a model value becomes a price. */
export function roundToStep(value, step, direction = 0) {
  const decimals = decimalsOf(step);
  const steps = value / Number(step);
  const whole = direction < 0 ? Math.floor(steps + 1e-9) : direction > 0 ? Math.ceil(steps - 1e-9) : Math.round(steps);
  return fixText((whole * Number(step)).toFixed(decimals), decimals);
}

/** Exact sum of `sign * count * text` over the parts. */
export function sumText(parts) {
  let total = { units: 0n, scale: 0 };
  for (const { text, factor } of parts) {
    const decimal = parseDecimal(text);
    if (decimal === null) return null;
    const scale = Math.max(total.scale, decimal.scale);
    const units = withScale(total, scale).units + withScale(decimal, scale).units * BigInt(factor);
    total = { units, scale };
  }
  return toText(total);
}
