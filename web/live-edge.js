/** Rates within which nobody hears or sees that playback is not at its natural speed. */
const MIN_RATE = 0.95;
const MAX_RATE = 1.1;
/**
 * How far the trough may be from the target without anything being done, in seconds. What is done then goes on until
 * the target is reached: each change between the natural speed and another one costs a browser some of its sound.
 */
const DEAD_ZONE = 0.01;
/** The least change of the rate. */
const STEP = 0.01;
/**
 * Change of the rate for each second that the trough is off the target. Too little is seen to grow only when the
 * window has passed, so it is answered more slowly.
 */
const GAIN_ABOVE = 1;
const GAIN_BELOW = 0.5;
/** How far behind the target is too far to catch up by rate, in seconds. */
const JUMP = 0.25;
/** What a stall adds to the target, and the most that stalls add, in seconds; several in a second are one. */
const RAISE = 0.04;
const MAX_RAISE = 0.6;
const STALL_APART = 1;
/**
 * The part of the raise that is forgotten in each second without a stall. It is halved by each stall, down to the least,
 * and grows again by RELIEF in each second: what goes wrong once is soon forgotten, what goes wrong again is not.
 */
const DECAY = 0.1;
const LEAST_DECAY = 0.005;
const RELIEF = 0.02;
/** The trough is looked for in at least this many seconds. */
const WINDOW = 1;

/**
 * What to do: go on with this rate, and move forward by this many seconds first (0: do not).
 *
 * @typedef {object} Decision
 * @property {number} rate
 * @property {number} jump
 */

/**
 * Decides how playback stays near the live edge without running dry. What it controls is the trough of the
 * buffer: the least that lay ahead of the playhead in a sliding window, which is the margin that late data would
 * have used up. It knows nothing of a media element: times come in, decisions go out.
 */
export class LiveEdge {
  #base;
  #need = -Infinity;
  #raise = 0;
  #decay = DECAY;
  #decayedAt = 0;
  #stalledAt = -Infinity;
  #burst = 0;
  #hold = 0;
  /** Whether it is on its way to the target: 1 from behind it, -1 from before it, 0 not. */
  #going = 0;
  #since = -Infinity;
  /** @type {{at: number, ahead: number}[]} */
  #samples = [];

  /** @param {number} [target] the trough wanted, in seconds; 0.08 by default */
  constructor(target = 0.08) {
    this.#base = target;
  }

  /** The trough that is steered to now, in seconds; it rises with each lack of media, and sinks slowly again. */
  get target() {
    return Math.max(this.#base, this.#need) + this.#raise;
  }

  /** How much of the newest media to stay away from when playback begins or jumps, in seconds. */
  get distance() {
    return this.target + Math.max(this.#burst, this.#hold);
  }

  /** The least that lay ahead in the window, in seconds, or null while that is not known. */
  get trough() {
    return this.#samples.length ? this.#least(-Infinity) : null;
  }

  /**
   * Steers to another trough from now on.
   *
   * @param {number} target in seconds
   * @param {number} [hold] for how long the server may keep media, in seconds: so much of it may come at once
   */
  aim(target, hold = 0) {
    this.#base = target;
    this.#hold = hold;
    this.reset();
  }

  /**
   * Says how much media comes at once, in seconds: a chunk, or several that come together.
   *
   * @param {number} burst
   */
  setBurst(burst) {
    this.#burst = burst;
  }

  /**
   * Takes in how much media lies ahead of the playhead and says what to do. To see the trough, it must be called
   * with what was ahead just before new media came.
   *
   * @param {number} now in seconds
   * @param {number} ahead in seconds
   * @returns {Decision}
   */
  sample(now, ahead) {
    if (this.#since === -Infinity) this.#since = now;
    this.#forget(now);
    this.#push(now, ahead);
    const recent = Math.max(0.3, 1.5 * this.#burst);
    const excess = this.#least(now - recent) - this.target;
    if (now - this.#since >= recent && excess > Math.max(JUMP, 2 * this.#burst)) {
      this.reset();
      return { rate: 1, jump: excess };
    }
    return { rate: this.#rate(now), jump: 0 };
  }

  /**
   * Says how much the browser needs to lie ahead whatever the network does, in seconds.
   *
   * @param {number} need
   */
  setNeed(need) {
    this.#need = need;
  }

  /**
   * Says that playback has run dry: keep more from now on, unless no margin could have made up for the lack.
   *
   * @param {number} now in seconds
   * @param {number} [length] of the lack, in seconds
   */
  stalled(now, length = 0) {
    if (length > MAX_RAISE) return this.reset();
    if (now - this.#stalledAt >= STALL_APART) {
      this.#raise = Math.min(this.#raise + RAISE, MAX_RAISE);
      this.#decay = Math.max(this.#decay / 2, LEAST_DECAY);
    }
    this.#stalledAt = this.#decayedAt = now;
    this.reset();
  }

  /** Forgets what was ahead: the playhead has been moved. */
  reset() {
    this.#samples = [];
    this.#since = -Infinity;
    this.#going = 0;
  }

  /**
   * @param {number} now
   * @returns {number}
   */
  #rate(now) {
    if (now - this.#since < this.#window() / 2) return 1;
    const error = this.#least(-Infinity) - this.target;
    if (this.#going * error <= 0) this.#going = Math.abs(error) > DEAD_ZONE ? Math.sign(error) : 0;
    if (!this.#going) return 1;
    const change = Math.max(Math.abs(error) * (error > 0 ? GAIN_ABOVE : GAIN_BELOW), STEP);
    return Math.round(Math.min(Math.max(1 + this.#going * change, MIN_RATE), MAX_RATE) * 100) / 100;
  }

  #window() {
    return Math.max(WINDOW, 2.5 * this.#burst);
  }

  /** @param {number} now */
  #forget(now) {
    const passed = Math.max(0, now - this.#decayedAt);
    this.#raise *= Math.exp(-this.#decay * passed);
    this.#decay = Math.min(this.#decay * Math.exp(RELIEF * passed), DECAY);
    this.#decayedAt = now;
    const old = now - this.#window();
    while (this.#samples.length && this.#samples[0].at < old) this.#samples.shift();
  }

  /**
   * Keeps only what can still be the least: every older sample that is not smaller is out.
   *
   * @param {number} at
   * @param {number} ahead
   */
  #push(at, ahead) {
    while (this.#samples.length && this.#samples[this.#samples.length - 1].ahead >= ahead) this.#samples.pop();
    this.#samples.push({ at, ahead });
  }

  /**
   * Returns the least of the samples since a time. Samples rise with time, so it is the first one.
   *
   * @param {number} since
   * @returns {number}
   */
  #least(since) {
    return (this.#samples.find((sample) => sample.at >= since) ?? this.#samples[this.#samples.length - 1]).ahead;
  }
}
