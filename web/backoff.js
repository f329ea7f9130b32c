/**
 * The waits between attempts to connect, as PROTOCOL.md wants them: 0.2 s, doubling to 10 s, each times a random
 * factor of 0.5 to 1.
 */
export class Backoff {
  #random;
  #longest;
  #attempts = 0;

  /**
   * @param {() => number} [random] gives 0 to 1; Math.random by default
   * @param {number} [longest] the longest wait in milliseconds, before its random factor
   */
  constructor(random = Math.random, longest = 10_000) {
    this.#random = random;
    this.#longest = longest;
  }

  /** How many waits have been asked for since the last reset. */
  get attempts() {
    return this.#attempts;
  }

  /**
   * Returns the next wait in milliseconds.
   *
   * @returns {number}
   */
  next() {
    const ceiling = Math.min(200 * 2 ** Math.min(this.#attempts++, 10), this.#longest);
    return this.spread(ceiling);
  }

  /**
   * Returns ceiling times the random factor, so that a thousand viewers do not come back at the same moment.
   *
   * @param {number} ceiling
   * @returns {number}
   */
  spread(ceiling) {
    return ceiling * (0.5 + this.#random() / 2);
  }

  /** Begins again with the shortest wait. */
  reset() {
    this.#attempts = 0;
  }
}
