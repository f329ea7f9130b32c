import { Blocks } from './quality-blocks.js';
import { rateOf } from './quality-list.js';

/** @typedef {import('./quality-list.js').Quality} Quality */

/** Chunks that wait in line for so many seconds, or for this part of what lies ahead, are too many bits. */
const LINE = 0.3;
const LINE_PART = 0.5;
/** A line that grows by less than this in a second or so does not grow, in seconds; for how long it may stand, in milliseconds. */
const STEADY = 0.03;
const MAX_STEADY = 5_000;
/** After a change it takes this long until what comes tells of the new rendition, in milliseconds. */
const SETTLE = 1_000;
/** How long there must have been no trouble before a better one is tried, in milliseconds: first, and later. */
const CALM_FIRST = 4_000;
const CALM = 8_000;
/** The same where nothing is known of the network, where what is known is doubtful, and where it speaks against it. */
const CALM_UNKNOWN = 15_000;
const CALM_DOUBTFUL = 60_000;
const CALM_AGAINST = 300_000;
/**
 * So much more than a rendition needs the network should carry, and so much makes it doubtful; with so much more,
 * several steps are one.
 */
const HEADROOM = 1.3;
const DOUBTFUL = 0.9;
const AMPLE = 2;
/** What of a measured throughput is used. */
const USABLE = 0.8;
/** How far what comes may differ from what a rendition tells of itself. */
const MIN_SCALE = 0.3;
const MAX_SCALE = 1.5;
/** A change that has not come after so many milliseconds does not come. */
const MAX_PENDING = 20_000;
/** How long a picture has to be too large for its place, in milliseconds. */
const OVERSIZE = 3_000;
/** A part of the frames that a browser may drop, of so many at least, in periods of milliseconds. */
const MAX_DROPPED = 0.2;
const MIN_FRAMES = 60;
const FRAMES_PERIOD = 5_000;

/**
 * What there is to know when a chunk has come.
 *
 * @typedef {object} Moment
 * @property {number} now in milliseconds
 * @property {Quality[]} rungs what can be chosen, the one with the lowest bit rate first
 * @property {number} current what comes now
 * @property {number | null} pending what has been asked for and has not come
 * @property {import('./quality-meter.js').DeliveryMeter} meter
 * @property {boolean} skipped the server has left something out because this viewer is slow
 * @property {boolean} idle nobody looks, or playback is paused
 * @property {number | null} limit no picture needs to be higher, in pixels
 * @property {number} stalls how often playback has run dry
 * @property {number} dropped frames
 * @property {number} decoded frames, the dropped ones included
 * @property {number} target how much is to lie ahead when it is least, in seconds
 */

/**
 * Chooses a rendition by how the stream is delivered: down at once, up slowly, and the more slowly the more often a
 * better one has turned out to be too much.
 */
export class QualityAuto {
  #blocks = new Blocks();
  #since = -Infinity;
  #troubleAt = -Infinity;
  #calm = CALM_FIRST;
  #askedAt = 0;
  #steadySince = 0;
  #oversizeSince = 0;
  #stalls = 0;
  #frames = { at: 0, dropped: 0, decoded: 0, bad: 0 };

  /**
   * Says that a rendition has begun.
   *
   * @param {number} now
   */
  began(now) {
    this.#since = now;
    this.#frames.at = 0;
    this.#oversizeSince = 0;
  }

  /**
   * Returns the rendition to go to, or null: stay. While one is asked for, the current one takes that back.
   *
   * @param {Moment} moment
   * @returns {number | null}
   */
  decide(moment) {
    const { now, rungs, current, pending } = moment;
    const at = rungs.findIndex(({ id }) => id === current);
    if (at < 0) return null;
    const trouble = this.#isTrouble(moment);
    if (trouble) this.#troubleAt = now;
    if (pending !== null) return this.#reconsider(moment, trouble);
    const to = this.#choose(moment, at, trouble);
    if (to === null || to === at) return null;
    this.#askedAt = now;
    this.#calm = CALM;
    return rungs[to].id;
  }

  /**
   * @param {Moment} moment
   * @param {number} at
   * @param {boolean} trouble
   */
  #choose(moment, at, trouble) {
    const top = topFor(moment.rungs, moment.limit);
    if (trouble || this.#dropsFrames(moment)) return this.#down(moment, at, top);
    if (this.#isOversize(moment.now, at > top)) return top;
    return at < top && !moment.idle ? this.#up(moment, at, top) : null;
  }

  /**
   * Looks at a change that is under way.
   *
   * @param {Moment} moment
   * @param {boolean} trouble
   */
  #reconsider({ now, rungs, current, pending }, trouble) {
    const isUp = rungs.findIndex(({ id }) => id === pending) > rungs.findIndex(({ id }) => id === current);
    const isLate = now - this.#askedAt > MAX_PENDING;
    if (!isLate && !(isUp && trouble)) return null;
    if (pending !== null) this.#blocks.add(pending, now, 0);
    return current;
  }

  /** @param {Moment} moment */
  #isTrouble(moment) {
    const { now, meter, skipped, stalls, target } = moment;
    const hasStalled = stalls > this.#stalls;
    this.#stalls = stalls;
    if (now - this.#since < SETTLE) return false;
    if (skipped) return true;
    const { standing, growth } = meter;
    if (standing <= Math.max(LINE, LINE_PART * target)) {
      this.#steadySince = now;
      return hasStalled && standing > LINE / 2 && growth > 0;
    }
    if (growth > STEADY) {
      this.#steadySince = now;
      return true;
    }
    // A line that shrinks was there before; one that stays is none, but a longer way or a later camera.
    if (growth < -STEADY) this.#steadySince = now;
    if (now - this.#steadySince > MAX_STEADY) meter.settle();
    return false;
  }

  /** @param {Moment} moment */
  #dropsFrames({ now, idle, meter, dropped, decoded }) {
    const before = this.#frames;
    if (idle || meter.standing > LINE || decoded < before.decoded || !before.at) {
      this.#frames = { at: now, dropped, decoded, bad: 0 };
      return false;
    }
    if (now - before.at < FRAMES_PERIOD) return false;
    const frames = decoded - before.decoded;
    const isBad = frames >= MIN_FRAMES && dropped - before.dropped > MAX_DROPPED * frames;
    this.#frames = { at: now, dropped, decoded, bad: isBad ? before.bad + 1 : 0 };
    return this.#frames.bad > 1;
  }

  /**
   * @param {number} now
   * @param {boolean} oversize
   */
  #isOversize(now, oversize) {
    if (!oversize) this.#oversizeSince = 0;
    else this.#oversizeSince ||= now;
    return oversize && now - this.#oversizeSince >= OVERSIZE;
  }

  /**
   * @param {Moment} moment
   * @param {number} at
   * @param {number} top
   */
  #down(moment, at, top) {
    const { now, rungs, meter } = moment;
    if (at === 0) return null;
    this.#blocks.add(rungs[at].id, now, now - this.#since);
    const capacity = meter.capacity ?? Infinity;
    let to = Math.min(at - 1, Math.max(top, 0));
    while (to > 0 && need(moment, to) > USABLE * capacity) to--;
    return to;
  }

  /**
   * @param {Moment} moment
   * @param {number} at
   * @param {number} top
   */
  #up(moment, at, top) {
    const { now, rungs, meter } = moment;
    const calm = now - Math.max(this.#troubleAt, this.#since);
    if (calm < this.#calm || meter.standing > LINE / 3) return null;
    const isFree = (/** @type {number} */ i) => !this.#blocks.has(rungs[i].id, now);
    if (!isFree(at + 1)) return null;
    const { capacity } = meter;
    if (calm < patience(capacity, need(moment, at + 1))) return null;
    let to = at + 1;
    while (capacity !== null && to < top && isFree(to + 1) && capacity >= AMPLE * need(moment, to + 1)) to++;
    return to;
  }
}

/**
 * Returns the index of the best rendition that makes sense: the lowest that is as high as the limit.
 *
 * @param {Quality[]} rungs
 * @param {number | null} limit
 */
function topFor(rungs, limit) {
  if (limit === null) return rungs.length - 1;
  const enough = rungs.findIndex(({ height }) => (height ?? 0) >= limit);
  return enough < 0 ? rungs.length - 1 : enough;
}

/**
 * Returns how long to wait for no trouble, in milliseconds.
 *
 * @param {number | null} capacity
 * @param {number} needed
 */
function patience(capacity, needed) {
  if (capacity === null) return CALM_UNKNOWN;
  if (capacity >= HEADROOM * needed) return 0;
  return capacity >= DOUBTFUL * needed ? CALM_DOUBTFUL : CALM_AGAINST;
}

/**
 * Returns how many bits a rendition is going to have in a second: what it tells, in proportion to what comes now.
 *
 * @param {Moment} moment
 * @param {number} index
 */
function need({ rungs, current, meter }, index) {
  const told = rateOf(rungs.find(({ id }) => id === current) ?? rungs[index]);
  const scale = meter.rate === null ? 1 : Math.min(Math.max(meter.rate / told, MIN_SCALE), MAX_SCALE);
  return rateOf(rungs[index]) * scale;
}
