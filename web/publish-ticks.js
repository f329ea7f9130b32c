/** Calls back at regular times, in a hidden tab too. */
export class Ticks {
  /** @type {Worker | null} */
  #worker = null;
  #timer = 0;

  /**
   * @param {number} interval in milliseconds
   * @param {() => void} ontick
   */
  constructor(interval, ontick) {
    try {
      // A bundler finds the file by this very form.
      this.#worker = new Worker(new URL('./publish-ticker.js', import.meta.url), { type: 'module' });
      this.#worker.onmessage = ontick;
      this.#worker.postMessage(interval);
    } catch {
      // A page may have no worker from another host: then a hidden tab has one tick in a second.
      this.#timer = window.setInterval(ontick, interval);
    }
  }

  /** Ends it. */
  close() {
    this.#worker?.terminate();
    clearInterval(this.#timer);
  }
}
