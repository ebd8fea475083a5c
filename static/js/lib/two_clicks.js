/** Two clicks for what cannot be taken back: the first arms for a few seconds, the second means it. A double click does not. */

const ARMED_MS = 4000;
const DOUBLE_CLICK_MS = 350;

export class TwoClicks {
  constructor() {
    this.armedAt = this.handledAt = -ARMED_MS;
  }

  get isArmed() {
    return performance.now() - this.armedAt < ARMED_MS;
  }

  /** True where this click is the second one: made after what the first one led to was shown. @param {MouseEvent} click */
  press({ detail, timeStamp }) {
    const isArmed = timeStamp - this.armedAt < ARMED_MS;
    const isHasty = timeStamp - this.handledAt <= DOUBLE_CLICK_MS;
    this.handledAt = performance.now();
    if (isArmed && (detail === 2 || isHasty)) return false;
    this.armedAt = isArmed ? -ARMED_MS : this.handledAt;
    return isArmed;
  }
}
