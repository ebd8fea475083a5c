/** Baskets: many orders from one file. */

import "../widgets/basket.js";
import "../widgets/baskets.js";
import { begin } from "./shared.js";

await begin();
