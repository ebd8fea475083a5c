/** The risk page of one account. */

import "../widgets/risk.js";
import { subscribe } from "../feeds/session.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { begin } from "./shared.js";
import { chooseExpiry } from "./smile_expiry.js";

firm.on("loaded", follow);
firm.on("positions", follow);
await begin();
selection.set({ accountId: page.config.accounts[0]?.id ?? 0 });
chooseExpiry();
selection.on("coin", chooseExpiry);
selection.on("coin", (coin) => subscribe([`chain.${coin}`]));
subscribe([`chain.${selection.coin}`]);

/** Prices of what the firm holds. */
function follow() {
  subscribe([...firm.positions.values()].map((position) => `ticker.${position.instrument_name}`));
}
