/** Parent orders: what algorithms work at. */

import "../widgets/parents.js";
import "../widgets/parent.js";
import { begin } from "./shared.js";

await begin();
