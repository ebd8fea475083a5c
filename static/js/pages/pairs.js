/** Pairs that the gateway trades by itself: what each stands at, and how a person steers them. */

import "../widgets/pair.js";
import "../widgets/pairs.js";
import "../widgets/pairs_desk.js";
import { pairs } from "../store/pairs.js";
import { begin } from "./shared.js";

await begin();
await pairs.start();
