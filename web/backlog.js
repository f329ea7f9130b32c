/** What a server has ready is not waited for any longer than this, in milliseconds. */
const PATIENCE = 2_000;

/** Knows whether a server still sends what it had ready: the live edge is then not there yet. */
export class Backlog {
  /** @type {number | null} */
  #since = null;

  /**
   * Takes in that a chunk has come.
   *
   * @param {boolean} more whether the server has more ready behind it
   * @param {number} now in milliseconds
   */
  arrived(more, now) {
    this.#since = more ? (this.#since ?? now) : null;
  }

  /**
   * Reports whether more is about to come. Who is too slow for a stream never has all of it.
   *
   * @param {number} now in milliseconds
   * @returns {boolean}
   */
  isComing(now) {
    return this.#since !== null && now - this.#since < PATIENCE;
  }

  /** Forgets what has come. */
  reset() {
    this.#since = null;
  }
}
