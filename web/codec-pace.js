import { Lapses } from './codec-lapses.js';

/** Right after it has been placed, the position keeps up with all that comes, for so many seconds: it may be a burst. */
const SETTLE = 0.3;
/** This far beyond the newest media the position stops: it has run dry. In seconds. */
const DRY = 0.25;
/** The position goes back at once to a place this far back, in seconds. */
const FAR = 0.25;
/** The position stays where its bounds have put it for so long, in seconds. */
const LED_FOR = 0.3;
/** The position may be out of its bounds by so much without jumping there, in seconds; it moves by a part of it at once. */
const NEAR = 0.1;
const PART = 0.1;

/**
 * The clock of playback: says which moment of the media is due. It follows what comes, as near as the live edge's target
 * lets it, within bounds that something else may set: the sound that is heard. All times are in seconds.
 */
export class Pace {
  stalls = 0;
  jumps = 0;
  /** How fast it goes. */
  rate = 1;
  #edge;
  #lapses = new Lapses();
  #anchor = { time: 0, at: 0 };
  #placed = false;
  #held = false;
  #end = 0;
  #settled = 0;
  #led = -Infinity;

  /** @param {import('./live-edge.js').LiveEdge} edge */
  constructor(edge) {
    this.#edge = edge;
  }

  /** Whether there is a position. */
  get isPlaced() {
    return this.#placed;
  }

  /** The margin that is steered to. */
  get target() {
    return this.#edge.target;
  }

  /**
   * Returns the moment of the media that is due.
   *
   * @param {number} now
   * @returns {number}
   */
  position(now) {
    if (this.#held) return this.#anchor.time;
    const time = this.#anchor.time + (now - this.#anchor.at) * this.rate;
    return Math.min(time, Math.max(this.#end + DRY, this.#anchor.time));
  }

  /**
   * Returns how much media lies ahead.
   *
   * @param {number} now
   */
  ahead(now) {
    return this.#placed ? this.#end - this.position(now) : 0;
  }

  /**
   * Reports whether bounds hold the position.
   *
   * @param {number} now
   */
  isLed(now) {
    return now - this.#led < LED_FOR;
  }

  /**
   * Takes in that there is media up to a time.
   *
   * @param {number} now
   * @param {number} end
   * @param {number} burst how much media comes at once, about
   */
  arrived(now, end, burst) {
    this.#edge.setBurst(burst);
    const ahead = this.ahead(now);
    this.#end = end;
    if (this.#held) return;
    if (!this.#placed || ahead <= -DRY) {
      if (this.#placed && !this.isLed(now)) this.#ranDry(now);
      this.#place(now);
    } else if (!this.isLed(now)) {
      if (now < this.#settled) this.#catchUp(now);
      else this.#steer(now, ahead);
    }
  }

  /**
   * Takes in between which moments of the media the position has to be.
   *
   * @param {number} now
   * @param {number} least
   * @param {number} most
   */
  bound(now, least, most) {
    if (this.#held) return;
    const was = this.position(now);
    if (this.#placed && was >= least && was <= most) return;
    const time = this.#placed && was < least ? least : most;
    const smooth = this.#placed && this.isLed(now) && Math.abs(time - was) < NEAR;
    this.#led = now;
    this.#placed = true;
    this.rate = 1;
    this.#anchor = { time: smooth ? was + (time - was) * PART : time, at: now };
  }

  /**
   * Steers to another margin: gently, unless that lies far away.
   *
   * @param {number} now
   * @param {number} margin
   * @param {number} hold see LiveEdge.aim
   */
  aim(now, margin, hold) {
    this.#edge.aim(margin, hold);
    if (this.#placed && !this.#held && !this.isLed(now) && this.#edge.distance - this.ahead(now) > FAR) this.#place(now);
  }

  /** Lets go of the bounds. */
  free() {
    this.#led = -Infinity;
  }

  /**
   * Stands still.
   *
   * @param {number} now
   */
  hold(now) {
    this.#anchor = { time: this.position(now), at: now };
    this.#held = true;
  }

  /**
   * Goes on, at the live edge.
   *
   * @param {number} now
   */
  release(now) {
    this.#held = false;
    if (this.#placed) this.#place(now);
  }

  /** Forgets the media. */
  reset() {
    this.#placed = false;
    this.#end = 0;
    this.free();
    this.#edge.reset();
  }

  /** @param {number} now */
  #place(now) {
    this.#placed = true;
    this.#settled = now + SETTLE;
    this.rate = 1;
    this.#anchor = { time: this.#end - this.#edge.distance, at: now };
    this.#edge.reset();
  }

  /** @param {number} now */
  #catchUp(now) {
    this.#anchor = { time: Math.max(this.position(now), this.#end - this.#edge.distance), at: now };
  }

  /**
   * @param {number} now
   * @param {number} ahead of the position, before the media came
   */
  #steer(now, ahead) {
    const time = this.position(now);
    const { rate, jump } = this.#edge.sample(now, ahead);
    if (jump > 0) this.jumps++;
    this.#anchor = { time: time + jump, at: now };
    this.rate = rate;
  }

  /** @param {number} now */
  #ranDry(now) {
    this.stalls++;
    if (this.#lapses.recur(now)) this.#edge.stalled(now);
  }
}
