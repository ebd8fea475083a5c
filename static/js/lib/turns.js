/**
 * Answers of the server in the order in which they were asked for. Where each says the whole, one that comes after a younger
 * one is late (`take`); where each is about something else, only the last that was asked for counts (`isLast`).
 */
export class Turns {
  constructor() {
    this.asked = 0;
    this.taken = 0;
  }

  /** @returns {number} */
  ask() {
    this.asked += 1;
    return this.asked;
  }

  /** @param {number} turn @returns {boolean} whether nothing was asked for since */
  isLast(turn) {
    return turn === this.asked;
  }

  /** @param {number} turn @returns {boolean} whether its answer is still news */
  take(turn) {
    if (turn < this.taken) return false;
    this.taken = turn;
    return true;
  }
}
