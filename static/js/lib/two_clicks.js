/** Two clicks for what cannot be taken back: the first arms for a few seconds, the second means it. A double click does not. */

const ARMED_MS = 4000;
const DOUBLE_CLICK_MS = 350;

export class TwoClicks {
  constructor() {
    this.armedAt = -ARMED_MS;
  }

  get isArmed() {
    return performance.now() - this.armedAt < ARMED_MS;
  }

  /** True where this click is the second one. When it was made counts, not when a busy page came to it. @param {MouseEvent} click */
  press({ detail, timeStamp }) {
    const isArmed = timeStamp - this.armedAt < ARMED_MS;
    if (isArmed && (detail === 2 || timeStamp - this.armedAt <= DOUBLE_CLICK_MS)) return false;
    this.armedAt = isArmed ? -ARMED_MS : timeStamp;
    return isArmed;
  }
}
