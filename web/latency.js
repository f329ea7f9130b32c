/** How many chunks are remembered. */
const MAX_MARKS = 900;
/** A delay beyond this many milliseconds comes from clocks that differ, not from the network. */
const MAX_DELAY = 60_000;

/**
 * Reads the delay from the ingress to the screen off the wall clock in the chunks. It is as true as the clock of the
 * viewer's device agrees with that of the ingress.
 */
export class LatencyMeter {
  /** @type {{time: number, wall: number}[]} */
  #marks = [];

  /**
   * Takes in a chunk.
   *
   * @param {number} time of its first sample on the media element's time line, in seconds
   * @param {number} wall Unix time at the ingress, in milliseconds
   */
  mark(time, wall) {
    this.#marks.push({ time, wall });
    if (this.#marks.length > MAX_MARKS) this.#marks.splice(0, MAX_MARKS / 3);
  }

  /**
   * Returns the delay in milliseconds of what is on the screen, or null where it is not known.
   *
   * @param {number} time the playback position in seconds
   * @param {number} wall Unix time in milliseconds
   * @returns {number | null}
   */
  measure(time, wall) {
    const mark = this.#marks.findLast((candidate) => candidate.time <= time);
    if (!mark) return null;
    const delay = wall - mark.wall - (time - mark.time) * 1000;
    return delay >= 0 && delay <= MAX_DELAY ? delay : null;
  }

  /** Forgets all chunks. */
  reset() {
    this.#marks = [];
  }
}
