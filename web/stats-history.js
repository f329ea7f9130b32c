/** @typedef {import('./stats.js').Stats} Stats */

/** So many samples are kept. */
const SAMPLES = 120;
/** The plot is at least so high, in milliseconds, so that a quiet line looks quiet. */
const LEAST_TOP = 100;

/** The last minute of a playback, for a plot. */
export class StatsHistory {
  /** @type {(number | null)[]} */
  #latencies = [];
  #before = { bytes: 0, at: 0 };
  #bitrate = 0;

  /**
   * Takes a sample.
   *
   * @param {Pick<Stats, 'latencyMs' | 'bytes'>} stats
   * @param {number} now in milliseconds, of any clock that only goes forward
   */
  add({ latencyMs, bytes }, now) {
    this.#latencies.push(latencyMs);
    if (this.#latencies.length > SAMPLES) this.#latencies.shift();
    const { bytes: earlier, at } = this.#before;
    const isNext = at > 0 && now > at && bytes >= earlier;
    // The media come in bursts: what is shown moves slowly.
    const rate = isNext ? ((bytes - earlier) * 8_000) / (now - at) : 0;
    this.#bitrate = isNext && this.#bitrate ? this.#bitrate * 0.8 + rate * 0.2 : rate;
    this.#before = { bytes, at: now };
  }

  /** What has come in, in bits per second; 0 where that is not known. */
  get bitrate() {
    return this.#bitrate;
  }

  /** The latency at the upper border of the plot, in milliseconds. */
  get top() {
    const highest = Math.max(LEAST_TOP, ...this.#latencies.map((ms) => ms ?? 0));
    const step = 10 ** Math.floor(Math.log10(highest));
    return Math.ceil(highest / step) * step;
  }

  /**
   * Returns the line of the latency as the path of an SVG, the newest sample at the right. It is interrupted where the
   * latency was not known.
   *
   * @param {number} width
   * @param {number} height
   * @returns {string}
   */
  path(width, height) {
    const { top } = this;
    const first = SAMPLES - this.#latencies.length;
    let isDown = false;
    return this.#latencies
      .map((ms, i) => {
        const command = isDown ? 'L' : 'M';
        isDown = ms !== null;
        if (ms === null) return '';
        const x = ((first + i) * width) / (SAMPLES - 1);
        const y = height - (Math.min(Math.max(ms, 0), top) * height) / top;
        return `${command}${x.toFixed(1)} ${y.toFixed(1)}`;
      })
      .join('');
  }
}
