/** How often the clock is looked at, in milliseconds, and how much later than that a sleep has been. */
const TICK = 1_000;
const SLEPT = 3_000;

/**
 * Says when a page is back: it is looked at again, was thawed, has its network again, or the machine has slept. A
 * connection may have gone in the meantime without a word, and a browser may have stopped the picture.
 */
export class PageWatch {
  #onback;
  #clock;
  #timer = 0;
  #listening = new AbortController();

  /**
   * @param {(isShown: boolean) => void} onback says whether the page can be seen
   * @param {import('./clock.js').Clock} clock
   */
  constructor(onback, clock) {
    this.#onback = onback;
    this.#clock = clock;
    const { signal } = this.#listening;
    for (const type of ['online', 'pageshow']) globalThis.addEventListener(type, () => this.#back(), { signal });
    document.addEventListener('resume', () => this.#back(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden || this.#back(), { signal });
    this.#tick(clock.wall());
  }

  /** Stops. */
  close() {
    this.#listening.abort();
    this.#clock.clearTimeout(this.#timer);
  }

  #back() {
    this.#onback(!document.hidden);
  }

  /**
   * The wall clock counts the time of a sleep, where that of timers may not.
   *
   * @param {number} before
   */
  #tick(before) {
    this.#timer = this.#clock.setTimeout(() => {
      const now = this.#clock.wall();
      this.#tick(now);
      if (now - before > TICK + SLEPT) this.#back();
    }, TICK);
  }
}
