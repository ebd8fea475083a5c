/** Pages without a chain still show a smile: of the second expiry, which is rarely about to go. */

import { listExpiries } from "../lib/expiries.js";
import { page } from "../store/page.js";
import { selection } from "../store/selection.js";

export function chooseExpiry() {
  const expiries = listExpiries(page, selection.coin);
  if (!expiries.some(({ code }) => code === selection.expiry)) selection.set({ expiry: (expiries[1] ?? expiries[0])?.code ?? "" });
}
