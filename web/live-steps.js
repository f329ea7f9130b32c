/** After a move nothing is looked at for so long, in seconds. */
const SETTLING = 0.3;
/** The trough is looked for in this many seconds, and in how many where it is far off. */
const WINDOW = 2;
const FAR_WINDOW = 0.3;
/** How far off that is, in seconds. */
const FAR = 0.25;
/**
 * Which part of the target the trough may be, and how far above it, in seconds: there a move costs more than it brings.
 */
const BELOW = 0.5;
const ABOVE = 0.08;
/** What a move is thought to cost before any has been seen, in seconds, and how fast a higher cost is believed. */
const COST = 0.03;
const BELIEF = 0.25;

/**
 * Decides how playback stays near the live edge where each change of the rate halts it: at the natural rate, with a
 * small jump where the trough of the buffer is off. That halts it too, and nobody knows for how long: the jump is
 * longer by the least that such jumps have cost lately, so that it does not end where there is no media yet.
 *
 * Like LiveEdge, whose target it steers to, it knows nothing of a media element.
 */
export class LiveSteps {
  #since = NaN;
  #least = Infinity;
  #cost = COST;
  /** Where the trough would be, if they cost nothing, after the jump that is to come, and after the one that was. */
  #aim = NaN;
  #aimed = NaN;

  /**
   * @param {number} now in seconds
   * @param {number} ahead in seconds
   * @param {{target: number, distance: number}} edge
   * @returns {import('./live-edge.js').Decision}
   */
  sample(now, ahead, { target, distance }) {
    if (Number.isNaN(this.#since)) this.#since = now + SETTLING;
    const passed = now - this.#since;
    if (passed < 0) return { rate: 1, jump: 0 };
    this.#least = Math.min(this.#least, ahead);
    const burst = distance - target;
    const excess = this.#least - target;
    const isFar = excess > Math.max(FAR, 2 * burst);
    if (passed < (isFar ? Math.max(FAR_WINDOW, 1.5 * burst) : Math.max(WINDOW, 2.5 * burst))) return { rate: 1, jump: 0 };
    this.#learn();
    this.#since = now;
    this.#least = Infinity;
    if (excess >= -BELOW * target && excess <= Math.max(ABOVE, burst)) return { rate: 1, jump: 0 };
    const jump = Math.min(excess + this.#cost, ahead);
    this.#aim = target + excess - jump;
    return { rate: 1, jump };
  }

  /** Forgets what was ahead: the playhead has been moved. */
  reset() {
    this.#since = NaN;
    this.#least = Infinity;
    this.#aimed = this.#aim;
    this.#aim = NaN;
  }

  #learn() {
    const cost = Math.max(0, this.#least - this.#aimed);
    if (Number.isNaN(cost)) return;
    this.#cost = cost < this.#cost ? cost : this.#cost + BELIEF * (cost - this.#cost);
    this.#aimed = NaN;
  }
}
