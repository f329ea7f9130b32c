/** The rates are those of so many milliseconds. */
const SPAN = 2_000;
/** Bounds what is remembered. */
const MAX_MARKS = 2_000;

/** Counts what is sent, and says how much of it there is in a second. */
export class RateMeter {
  /** @type {{at: number, bytes: number, picture: boolean}[]} */
  #marks = [];

  /**
   * Takes note of a message.
   *
   * @param {number} bytes
   * @param {boolean} picture whether it has a picture
   * @param {number} now in milliseconds
   */
  note(bytes, picture, now) {
    this.#marks.push({ at: now, bytes, picture });
    if (this.#marks.length > MAX_MARKS) this.#marks.splice(0, MAX_MARKS / 4);
  }

  /**
   * Returns bits and pictures in a second.
   *
   * @param {number} now in milliseconds
   * @returns {{bitrate: number, frameRate: number}}
   */
  measure(now) {
    this.#marks = this.#marks.filter((mark) => now - mark.at < SPAN);
    const span = Math.max(now - (this.#marks[0]?.at ?? now), SPAN / 2) / 1000;
    const bytes = this.#marks.reduce((sum, mark) => sum + mark.bytes, 0);
    return { bitrate: (bytes * 8) / span, frameRate: this.#marks.filter((mark) => mark.picture).length / span };
  }
}
