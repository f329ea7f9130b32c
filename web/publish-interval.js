/** The interval is that of so many frames. */
const FRAMES = 15;

/**
 * Tells how far apart the frames of a track are. What a frame lasts is not known before the next one comes; but a frame
 * that was left out is no reason to say that all the others last longer.
 */
export class FrameInterval {
  #last = NaN;
  /** @type {number[]} the newest last */
  #steps = [];

  /**
   * Takes in the time of the next frame, and returns what it is likely to last.
   *
   * @param {number} timestamp in microseconds
   * @returns {number} in microseconds; 0 while it is not known
   */
  next(timestamp) {
    const step = timestamp - this.#last;
    this.#last = timestamp;
    if (step > 0) this.#steps.push(step);
    if (this.#steps.length > FRAMES) this.#steps.shift();
    const sorted = this.#steps.toSorted((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1] ?? 0;
  }
}
