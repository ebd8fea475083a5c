/** What every live page starts with. */

import "../widgets/charts.js";
import "../widgets/controls.js";
import "../widgets/header.js";
import "../widgets/hotkeys.js";
import "../widgets/kill_switch.js";
import "../widgets/notices.js";
import "../widgets/risk.js";
import { start, subscribe } from "../feeds/session.js";
import { market } from "../store/market.js";
import { loadLibrary } from "../widgets/plot.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";

const LIBRARY_AFTER_MS = 4000;
const KEPT = "parley.selection";

/** Opens the session with the account and the last choice of this tab. */
export async function begin() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  selection.set({ accountId: page.config.accounts[0]?.id ?? 0, ...kept });
  for (const topic of ["coin", "expiry", "instrument", "legs"]) selection.on(topic, keep);
  await start();
  subscribe(page.config.accounts.map((account) => `risk.account.${account.id}`));
  const coins = new Set([...page.instruments.values()].map((instrument) => instrument.coin));
  if (!coins.has(selection.coin) && coins.size) selection.set({ coin: [...coins][0] });
  subscribe(["venue.status", "tape.blocks", ...[...coins].flatMap((coin) => [`index.${coin}`, `surface.${coin}`])]);
  requestIdleCallback(loadLibrary, { timeout: LIBRARY_AFTER_MS });
  market.on("venue", () => page.tell("venue"));
}

function keep() {
  const { coin, expiry, instrument, legs } = selection;
  sessionStorage.setItem(KEPT, JSON.stringify({ coin, expiry, instrument, legs }));
}
