/** The maker's page. */

import "../widgets/blotter.js";
import "../widgets/inbox.js";
import "../widgets/quote_form.js";
import { subscribe } from "../feeds/session.js";
import { selection } from "../store/selection.js";
import { begin } from "./shared.js";
import { chooseExpiry } from "./smile_expiry.js";

await begin();
chooseExpiry();
selection.on("coin", chooseExpiry);
selection.on("coin", (coin) => subscribe([`chain.${coin}`]));
subscribe([`chain.${selection.coin}`]);
