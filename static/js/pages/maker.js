/** The maker's page. */

import "../widgets/blotter.js";
import "../widgets/inbox.js";
import "../widgets/maker_actions.js";
import "../widgets/quote_form.js";
import "../widgets/maker_side.js";
import { subscribe } from "../feeds/session.js";
import { firm } from "../store/firm.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { begin } from "./shared.js";
import { chooseExpiry } from "./smile_expiry.js";

await begin();
chooseExpiry();
selection.on("coin", chooseExpiry);
selection.on("coin", (coin) => subscribe([`chain.${coin}`]));
selection.on("rfqId", followRequest);
subscribe([`chain.${selection.coin}`]);
followRequest();

/** The smile beside a request is the one of its first option. */
function followRequest() {
  const legs = firm.rfqs.get(selection.rfqId)?.legs ?? [];
  const option = legs.map((leg) => page.instrument(leg.instrument_name)).find((one) => one?.kind === "option");
  if (option) selection.set({ coin: option.coin, expiry: option.expiryCode });
}
