/** How long a guest keeps its turn while others wait, in milliseconds. */
const TURN = 10_000;

/**
 * Who takes a turn.
 *
 * @typedef {object} Guest
 * @property {() => void} begin its turn has come
 * @property {() => void} end its turn is over
 */

/**
 * Gives turns to guests, a bounded number at once. Where more want one than there are, whoever has had it for the
 * longest makes way for whoever has waited for the longest; one guest may be preferred, and has its turn at once and
 * for as long as it is.
 */
export class Turns {
  #most;
  #clock;
  /**
   * Since when each guest has its turn, the oldest turn first.
   *
   * @type {Map<Guest, number>}
   */
  #served = new Map();
  /** @type {Set<Guest>} those who wait, the first in front */
  #waiting = new Set();
  /** @type {Guest | null} */
  #preferred = null;
  #timer = 0;

  /**
   * @param {number} most at once
   * @param {import('../clock.js').Clock} clock
   */
  constructor(most, clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /**
   * Says that a guest wants turns from now on.
   *
   * @param {Guest} guest
   */
  add(guest) {
    if (this.#served.has(guest) || this.#waiting.has(guest)) return;
    this.#waiting.add(guest);
    this.#refresh();
  }

  /**
   * Says that a guest wants no turn any more; one that it has ends.
   *
   * @param {Guest} guest
   */
  remove(guest) {
    this.#waiting.delete(guest);
    if (this.#served.delete(guest)) guest.end();
    this.#refresh();
  }

  /**
   * Prefers one of the guests, or none.
   *
   * @param {Guest | null} guest
   */
  prefer(guest) {
    this.#preferred = guest;
    this.#refresh();
  }

  #refresh() {
    this.#clock.clearTimeout(this.#timer);
    if (this.#preferred && this.#waiting.has(this.#preferred)) {
      if (this.#served.size >= this.#most) this.#rest();
      this.#serve(this.#preferred);
    }
    for (const guest of [...this.#waiting]) {
      const isFull = this.#served.size >= this.#most;
      if (isFull && !this.#isOver()) break;
      if (isFull) this.#rest();
      this.#serve(guest);
    }
    const oldest = this.#oldest();
    if (!this.#waiting.size || !oldest) return;
    const since = this.#served.get(oldest) ?? 0;
    this.#timer = this.#clock.setTimeout(() => this.#refresh(), Math.max(since + TURN - this.#clock.now(), 0));
  }

  /** Whoever is to make way next. */
  #oldest() {
    return [...this.#served.keys()].find((guest) => guest !== this.#preferred) ?? null;
  }

  /** Whether somebody has had its turn for long enough. */
  #isOver() {
    const oldest = this.#oldest();
    return oldest !== null && this.#clock.now() - (this.#served.get(oldest) ?? 0) >= TURN;
  }

  /** Lets one make way; it waits for its next turn. */
  #rest() {
    const oldest = this.#oldest();
    if (!oldest) return;
    this.#served.delete(oldest);
    this.#waiting.add(oldest);
    oldest.end();
  }

  /** @param {Guest} guest */
  #serve(guest) {
    this.#waiting.delete(guest);
    this.#served.set(guest, this.#clock.now());
    guest.begin();
  }
}
