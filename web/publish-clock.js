/** Over two spans of so many microseconds the least delay is looked for. */
const SPAN = 5_000_000;
/** Differences up to so many microseconds stay: they are how regularly frames come, not what the clocks do. */
const TOLERANCE = 2_000;
/** A difference beyond so many microseconds is a device that began to count anew. */
const JUMP = 250_000;
/** How fast a difference is taken away, as a share of the time that passes. */
const SLEW = 0.02;

/**
 * Puts the timestamps of one capture device on the clock of the page, which all tracks share: a browser may count
 * video from 0 and audio from its start. The frame that took the least time to come shows how the two clocks stand.
 */
export class TrackClock {
  #offset = NaN;
  #least = Infinity;
  #leastBefore = Infinity;
  #spanFrom = -Infinity;
  #last = NaN;
  #given = -Infinity;

  /**
   * Takes note of a frame. The frames come in their order.
   *
   * @param {number} timestamp by the device, in microseconds
   * @param {number} seen when it was captured, or else came, by the clock of the page, in microseconds
   */
  note(timestamp, seen) {
    const offset = seen - timestamp;
    const passed = timestamp - this.#last;
    this.#last = timestamp;
    if (!(passed >= 0 && offset >= this.#offset - JUMP)) this.#begin(offset, seen);
    if (seen - this.#spanFrom > SPAN) {
      this.#leastBefore = this.#least;
      this.#least = Infinity;
      this.#spanFrom = seen;
    }
    this.#least = Math.min(this.#least, offset);
    const off = Math.min(this.#least, this.#leastBefore) - this.#offset;
    if (Math.abs(off) > JUMP) this.#begin(this.#offset + off, seen);
    else if (Math.abs(off) > TOLERANCE) this.#offset += Math.sign(off) * Math.min(Math.abs(off), passed * SLEW || 0);
  }

  /**
   * Returns a timestamp of the device by the clock of the page. What comes back rises from call to call.
   *
   * @param {number} timestamp in microseconds
   * @returns {number} in microseconds
   */
  map(timestamp) {
    this.#given = Math.max(Math.round(timestamp + this.#offset), this.#given + 1);
    return this.#given;
  }

  /**
   * @param {number} offset
   * @param {number} seen
   */
  #begin(offset, seen) {
    this.#offset = this.#least = offset;
    this.#leastBefore = Infinity;
    this.#spanFrom = seen;
  }
}
