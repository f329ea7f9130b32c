/** How long a rendition is not tried again after its first failure, and at most, in milliseconds. */
const FIRST = 15_000;
const MAX = 300_000;
/** One that has been played for so long was no failure, in milliseconds. */
const GOOD = 60_000;

/** Remembers which renditions were too much, and for how long they are not to be tried again. */
export class Blocks {
  /** @type {Map<number, {until: number, wait: number}>} */
  #blocks = new Map();

  /**
   * Takes in that a rendition was too much: each time that it was so soon, it is left alone for longer.
   *
   * @param {number} id
   * @param {number} now in milliseconds
   * @param {number} lasted for how long it went well, in milliseconds
   */
  add(id, now, lasted) {
    const before = this.#blocks.get(id);
    const wait = before && lasted < GOOD ? Math.min(2 * before.wait, MAX) : FIRST;
    this.#blocks.set(id, { until: now + wait, wait });
  }

  /**
   * Reports whether a rendition is not to be tried.
   *
   * @param {number} id
   * @param {number} now in milliseconds
   */
  has(id, now) {
    return (this.#blocks.get(id)?.until ?? 0) > now;
  }
}
