/** Less than this much at once is only the network's or a scheduler's unevenness, in seconds. */
const LEAST = 0.25;
/** More than this is a clock that was set, in seconds. */
const MOST = 20;
/** How much media is looked at, in seconds. */
const WINDOW = 15;

/**
 * Learns how much media a source gives at once. A camera's chunks come one by one; but where pieces of some seconds
 * appear in a folder, all chunks of a piece come together, and nothing until the next one: who plays them has to stay
 * a whole piece behind.
 *
 * What the wall clocks in the chunks tell is known from the first seconds on, which lay ready, and is not disturbed by
 * the network. Where they tell nothing, because the encoder wrote when each chunk was captured, two pauses in a row do.
 */
export class Bursts {
  /** How late chunks were, by seconds of media: the least and the most. @type {Map<number, {least: number, most: number}>} */
  #late = new Map();
  #newest = -Infinity;
  #arrivedAt = NaN;
  #pause = { endedAt: -Infinity, length: 0 };
  #rhythm = { length: 0, at: -Infinity };
  #spread = 0;

  /** How much comes at once, in seconds, or 0 if chunks come one by one. */
  get length() {
    const { length, at } = this.#rhythm;
    return Math.max(this.#spread, this.#arrivedAt - at < WINDOW ? length : 0);
  }

  /** Forgets the pauses: they were the server's, which makes no more of them. */
  forgetPauses() {
    this.#rhythm = { length: 0, at: -Infinity };
    this.#pause = { endedAt: -Infinity, length: 0 };
  }

  /**
   * Takes in a chunk.
   *
   * @param {number} time its decode time, in seconds
   * @param {number} duration about how long chunks are, in seconds
   * @param {number} wall its wall clock, in seconds; 0 if it has none
   * @param {number} now when it came, in seconds on any clock
   */
  add(time, duration, wall, now) {
    if (time < this.#newest || time > this.#newest + MOST) this.#forget();
    this.#newest = time;
    this.#listen(duration, now);
    this.#spread = wall ? this.#compare(time, wall - time, duration) : 0;
  }

  /**
   * Compares how late chunks were.
   *
   * @param {number} time
   * @param {number} late
   * @param {number} duration
   */
  #compare(time, late, duration) {
    const second = Math.floor(time);
    const seen = this.#late.get(second) ?? { least: late, most: late };
    this.#late.set(second, { least: Math.min(seen.least, late), most: Math.max(seen.most, late) });
    for (const old of this.#late.keys()) {
      if (old >= second - WINDOW) break;
      this.#late.delete(old);
    }
    const all = [...this.#late.values()];
    const spread = Math.max(...all.map(({ most }) => most)) - Math.min(...all.map(({ least }) => least));
    if (spread > MOST) this.#late.clear();
    return spread > LEAST && spread <= MOST ? spread + duration : 0;
  }

  /**
   * Listens for pauses that follow each other at once.
   *
   * @param {number} duration
   * @param {number} now
   */
  #listen(duration, now) {
    const pause = now - this.#arrivedAt;
    this.#arrivedAt = now;
    if (!(pause > Math.max(LEAST, 1.5 * duration))) return;
    const between = now - pause - this.#pause.endedAt;
    const length = Math.min(pause, this.#pause.length);
    if (between < length / 2) this.#rhythm = { length: Math.min(Math.max(pause, this.#pause.length), MOST), at: now };
    this.#pause = { endedAt: now, length: pause };
  }

  #forget() {
    this.#late.clear();
    this.#spread = 0;
  }
}
