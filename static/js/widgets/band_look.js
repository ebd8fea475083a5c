/**
 * The second look at a price that the fat-finger band refused: the price, the bound and the model value, and the same
 * message again with that bound confirmed. Where the firm's bounds allow no confirmation there is no such button.
 */

import { exact } from "../lib/format.js";
import { firm } from "../store/firm.js";
import { SecondLook } from "./second_look.js";

const REFUSED = "fat_finger_band";

export class BandLook extends SecondLook {
  constructor() {
    super("Price far from the model", "Confirm this price");
  }

  /**
   * Offers what was refused; false where the answer is anything else.
   * @param {object} answer @param {string} what the price is of @param {(fields: {confirmed_band: string}) => void} send
   */
  take(answer, what, send) {
    if (answer.type !== "command_refused" || answer.reason !== REFUSED || !mayConfirm()) return false;
    super.offer(`${what} at ${exact(answer.value)}, bound ${exact(answer.bound)}. ${answer.message}`, () => send({ confirmed_band: answer.bound }));
    return true;
  }
}

/** An administrator may have set that no price outside the band passes. */
function mayConfirm() {
  return [...firm.desk_limits.values()].every((bounds) => bounds.is_band_confirmable);
}
