/** The page of a firm's groups of makers. */

import "../widgets/maker_groups.js";
import { begin } from "./shared.js";

await begin();
