/** The addresses of one stream, in the order in which they are tried: the one in use, and those that may follow it. */
export class Addresses {
  #urls;
  #at = 0;
  #failed = 0;

  /** @param {string[]} urls one at least */
  constructor(urls) {
    this.#urls = [...urls];
  }

  /** The one in use. */
  get current() {
    return this.#urls[this.#at];
  }

  /**
   * Goes on to the next one; after the last comes the first. Reports whether that ends a round in which none has worked.
   *
   * @returns {boolean}
   */
  next() {
    this.#at = (this.#at + 1) % this.#urls.length;
    this.#failed = (this.#failed + 1) % this.#urls.length;
    return this.#failed === 0;
  }

  /** Takes the one in use out for good. Reports whether another one is left. */
  remove() {
    if (this.#urls.length === 1) return false;
    this.#urls.splice(this.#at, 1);
    this.#at %= this.#urls.length;
    this.#failed = 0;
    return true;
  }

  /** Says that the one in use works. */
  worked() {
    this.#failed = 0;
  }
}
