/** A Clock whose time passes when a test says so. */
export class FakeClock {
  #now = 0;
  #timers = new Map();
  #last = 0;

  now = () => this.#now;
  wall = () => 1_760_000_000_000 + this.#now;
  setTimeout = (call, ms) => {
    this.#timers.set(++this.#last, { call, at: this.#now + ms });
    return this.#last;
  };
  clearTimeout = (id) => void this.#timers.delete(id);

  /** How many timers run. */
  get pending() {
    return this.#timers.size;
  }

  /** Lets time pass; timers go off in their order. */
  advance(ms) {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#now = timer.at;
      timer.call();
    }
    this.#now = until;
  }
}
