/** A price with all the digits of the instrument's tick; an average has two more at most. */

import { fixText } from "../lib/decimal.js";
import * as format from "../lib/format.js";
import { page } from "../store/page.js";

export function priceText(instrumentName, text) {
  if (text === null || text === undefined || Number(text) === 0) return format.NOTHING;
  const decimals = page.instrument(instrumentName)?.priceDecimals ?? 0;
  const [whole, fraction = ""] = text.split(".");
  return format.exact(fixText(`${whole}.${fraction.slice(0, decimals + 2)}0`, decimals));
}
