/** More failures of the media than this many within the time, in milliseconds, without a picture between are final. */
const MAX_FAILURES = 3;
const FAILURES_WITHIN = 30_000;
/** So many frames are a picture. */
const PICTURE = 5;

/**
 * How often playback had to be got going again, by what was done. First what hardly shows: it was carried over a
 * `hole` in the media; moved when media came after it had run `dry`; moved by a `nudge` because it stood still in front
 * of media; old media was removed for `room` in the browser's buffer; what waited was dropped, being too much
 * (`overflow`). Then what shows: playback began anew because the browser could not play on (`media`), because the sound
 * had stopped or was back (`sound`), or because the stream's tracks or times had changed so that nothing else could
 * follow (`stream`).
 *
 * @typedef {{hole: number, dry: number, nudge: number, room: number, overflow: number, media: number, sound: number,
 *   stream: number}} Counts
 */

/** Counts how often playback began anew, and says when there is no sense in that any more. */
export class Recoveries {
  /** How often, by why; see Counts. */
  counts = { media: 0, sound: 0, stream: 0 };
  /** @type {number[]} */
  #failures = [];

  /**
   * Takes in that the media could not be played on. Reports whether to begin anew.
   *
   * @param {number} now in milliseconds
   * @param {number} frames decoded since playback began last
   * @returns {boolean}
   */
  failed(now, frames) {
    // A stream that is broken now and then is still worth to be looked at.
    this.#failures = frames >= PICTURE ? [] : this.#failures.filter((at) => now - at < FAILURES_WITHIN);
    this.#failures.push(now);
    return this.#failures.length <= MAX_FAILURES;
  }
}
