/** Frames a second, and how many of them a group has. */
const FPS = 30;
const GROUP = 30;
/** The first frame of a group is as large as so many others. */
const KEY = 8;
/** A server leaves something out when a viewer is so far behind, in seconds. */
const MAX_LAG = 3;
const STEP = 5;

/**
 * A server, a line and a viewer: frames are made in time, go over a line of some capacity in their order, and come
 * late where that is too small. A switch comes at the border of two groups of what has been sent, as PROTOCOL.md says.
 */
export class FakeNetwork {
  now = 0;
  received = 0;
  /** What comes now. */
  track;
  /** How often the viewer had nothing to show, with a margin of 0.2 s, and for how long in all, in milliseconds. */
  stalls = 0;
  frozen = 0;
  #capacity = Infinity;
  #jitter;
  #delay = 20;
  #rates;
  /** What the server has not sent: numbers of frames. */
  #sent = 0;
  #budget = 0;
  #wanted = { track: 0, at: Infinity };
  #flight = [];
  #dry = false;
  #newest = 0;
  #left = 0;
  #skipped = false;

  /**
   * @param {Record<number, number>} rates bits per second, by track
   * @param {number} track that is sent at first
   * @param {() => number} [jitter] milliseconds, for each frame
   */
  constructor(rates, track, jitter = () => 0) {
    this.#rates = rates;
    this.track = track;
    this.#jitter = jitter;
    this.sending = track;
    this.#left = this.#size();
  }

  /** Bits per second. */
  set capacity(value) {
    this.#capacity = value;
  }

  /** Adds to the way, in milliseconds. */
  set delay(value) {
    this.#delay = value;
  }

  /** Asks the server for another track. */
  select(track) {
    this.#wanted = { track, at: this.now + this.#delay };
  }

  /**
   * Lets time pass. The viewer is told each chunk that comes, with its time and whether the server has left
   * something out before it.
   */
  run(seconds, onchunk) {
    const until = this.now + seconds * 1000;
    while (this.now < until) {
      this.now += STEP;
      this.#send();
      this.#arrive(onchunk);
      this.#watch();
    }
  }

  #size() {
    const mean = this.#rates[this.sending] / 8 / FPS;
    const small = (mean * GROUP) / (GROUP - 1 + KEY);
    return this.#sent % GROUP === 0 ? small * KEY : small;
  }

  #send() {
    const made = Math.floor((this.now / 1000) * FPS);
    this.#budget = Math.min(this.#budget, 1500) + (this.#capacity * STEP) / 8000;
    if ((made - this.#sent) / FPS > MAX_LAG) this.#skip(made);
    while (this.#sent <= made && this.#left <= this.#budget) {
      this.#budget -= this.#left;
      const last = this.#flight.at(-1)?.at ?? 0;
      const bytes = this.#size();
      this.#flight.push({ at: Math.max(last, this.now + this.#delay + this.#jitter()), time: this.#sent / FPS, bytes, track: this.sending, skipped: this.#skipped });
      this.#skipped = false;
      this.#sent++;
      this.#cross();
      this.#left = this.#size();
    }
    if (this.#sent <= made) {
      this.#left -= this.#budget;
      this.#budget = 0;
    }
  }

  #skip(made) {
    const group = Math.floor(made / GROUP) * GROUP;
    if (group <= this.#sent) return;
    this.#sent = group;
    this.#cross();
    this.#left = this.#size();
    this.#skipped = true;
  }

  #cross() {
    if (this.#sent % GROUP || this.now < this.#wanted.at) return;
    this.sending = this.#wanted.track;
    this.#wanted = { track: 0, at: Infinity };
  }

  #arrive(onchunk) {
    while (this.#flight.length && this.#flight[0].at <= this.now) {
      const { time, bytes, track, skipped } = this.#flight.shift();
      this.received += bytes;
      this.track = track;
      this.#newest = time;
      onchunk({ time, track, skipped });
    }
  }

  #watch() {
    const dry = this.now / 1000 - this.#newest > 0.2 + 2 / FPS;
    if (dry && !this.#dry) this.stalls++;
    if (dry) this.frozen += STEP;
    this.#dry = dry;
  }
}
