/** Calls back at regular times, in a hidden tab too. */
export class Ticks {
  #worker;

  /**
   * @param {number} interval in milliseconds
   * @param {() => void} ontick
   */
  constructor(interval, ontick) {
    // A bundler finds the file by this very form.
    this.#worker = new Worker(new URL('./publish-ticker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ontick;
    this.#worker.postMessage(interval);
  }

  /** Ends it. */
  close() {
    this.#worker.terminate();
  }
}
