/** Once media comes again, the live edge is waited for at most so long, in seconds. */
const PATIENCE = 0.3;

/**
 * A lack of media, from when playback runs dry until the live edge is known again: what was held up meanwhile comes at
 * once, but not in one piece. Times are in seconds.
 */
export class Lack {
  #since;
  #live;
  #dryEnd;
  #cameAt = NaN;

  /**
   * @param {number} now when playback ran dry
   * @param {number} end of the media that there was
   * @param {number} grownAt when the last of that came
   */
  constructor(now, end, grownAt) {
    this.#since = now;
    this.#live = end - grownAt;
    this.#dryEnd = end;
  }

  /**
   * Takes in that playback has run dry once more.
   *
   * @param {number} end of the media that there is
   */
  repeat(end) {
    this.#dryEnd = end;
  }

  /**
   * Reports whether there is media again, and no more to come that has been held up.
   *
   * @param {number} now
   * @param {number} end of the media that there is
   * @param {number} slack how far that may be from where it would be by now without the lack
   * @returns {boolean}
   */
  isOver(now, end, slack) {
    if (end <= this.#dryEnd) return false;
    if (Number.isNaN(this.#cameAt)) this.#cameAt = now;
    return this.#live + now - end <= slack || now - this.#cameAt > PATIENCE;
  }

  /** How long there was nothing to play, until media came again. */
  get length() {
    return this.#cameAt - this.#since;
  }
}
