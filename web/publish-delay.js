/** How many frames the figures are of. */
const FRAMES = 60;
/** An encoder is judged by so many frames. */
const ENOUGH = 10;
/** An encoder that gives nothing for so many milliseconds, though it has had frames enough, looks ahead. */
const PATIENCE = 700;
/** An encoder is too slow for a live picture from so many milliseconds on. */
const TOO_SLOW = 150;
/** Frames that an encoder may have swallowed. */
const MAX_PENDING = 300;

/** Measures how long an encoder takes from frame to chunk, and judges it by that. */
export class DelayMeter {
  /** @type {Map<number, number>} when a frame went in, by its timestamp */
  #pending = new Map();
  /** @type {number[]} the newest last */
  #delays = [];
  #firstIn = -1;
  #firstOut = -1;
  #in = 0;
  #judged = 0;

  /**
   * A frame goes into the encoder.
   *
   * @param {number} timestamp of the frame
   * @param {number} now in milliseconds
   */
  begin(timestamp, now) {
    if (this.#firstIn < 0) this.#firstIn = now;
    this.#in++;
    this.#pending.set(timestamp, now);
    if (this.#pending.size > MAX_PENDING) this.#pending.delete(this.#pending.keys().next().value ?? 0);
  }

  /**
   * A chunk has come out of it.
   *
   * @param {number} timestamp
   * @param {number} now in milliseconds
   */
  end(timestamp, now) {
    const began = this.#pending.get(timestamp);
    if (began === undefined) return;
    this.#pending.delete(timestamp);
    this.#delays.push(now - began);
    if (this.#delays.length > FRAMES) this.#delays.shift();
    if (this.#firstOut < 0) this.#firstOut = now;
    // What waited while the encoder was being set up says nothing of how fast it is.
    else if (began > this.#firstOut || now - began > PATIENCE) this.#judged++;
  }

  /** The middle of the last delays in milliseconds, or null where there are none. */
  get median() {
    return medianOf(this.#delays);
  }

  /**
   * Returns what is known of the encoder.
   *
   * @param {number} now in milliseconds
   * @returns {'unknown' | 'fast' | 'slow'}
   */
  verdict(now) {
    if (this.#firstOut < 0) return this.#in >= ENOUGH && now - this.#firstIn > PATIENCE ? 'slow' : 'unknown';
    if (this.#judged < ENOUGH) return 'unknown';
    return (medianOf(this.#delays.slice(-ENOUGH)) ?? 0) > TOO_SLOW ? 'slow' : 'fast';
  }
}

/**
 * @param {number[]} values
 * @returns {number | null}
 */
function medianOf(values) {
  return values.length ? values.toSorted((a, b) => a - b)[values.length >> 1] : null;
}
