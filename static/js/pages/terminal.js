/** The trader's page. */

import "../widgets/blotter.js";
import "../widgets/ladder.js";
import "../widgets/market.js";
import "../widgets/rfq.js";
import "../widgets/ticket.js";
import "../widgets/trades.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";
import { begin } from "./shared.js";

await begin();
chooseIfNone();
page.on("instruments", chooseIfNone);
selection.on("coin", chooseFirst);

/** Instruments come later than the page where Parley has only just been started. */
function chooseIfNone() {
  if (!page.instruments.has(selection.instrument)) chooseFirst();
}

/** The perpetual of the coin is what a page opens with. */
function chooseFirst() {
  const [first] = page.list(selection.coin, (instrument) => instrument.kind === "perpetual" && instrument.is_inverse);
  if (first) selection.set({ instrument: first.name });
}
