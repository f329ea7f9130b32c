/** What goes wrong again within so many seconds does not go wrong by chance. */
const AGAIN = 30;

/** Tells what goes wrong once, as when a device is busy for a moment, from what does so again and again. */
export class Lapses {
  #last = -Infinity;

  /**
   * Takes in that something has gone wrong, and reports whether that is no chance.
   *
   * @param {number} now in seconds
   * @returns {boolean}
   */
  recur(now) {
    const recurs = now - this.#last < AGAIN;
    this.#last = now;
    return recurs;
  }
}
