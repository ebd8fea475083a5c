/** Trades that people book: fills made elsewhere, their corrections, and allocations. */

import "../widgets/allocate.js";
import "../widgets/bookings.js";
import "../widgets/manual_fill.js";
import { begin } from "./shared.js";

await begin();
