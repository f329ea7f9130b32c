import { checkChunk } from './boxes.js';
import { Bursts } from './bursts.js';
import { comparePositions } from './position.js';
import { Sequence } from './sequence.js';

/** @typedef {import('./message.js').Segment} Segment */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */

const MICROSECONDS = 1e6;
/** The longest chunk whose length is believed, in seconds. */
const MAX_CHUNK = 20;

/** The intake of one track: it lets through what can be appended, counts the rest, and learns how long chunks are. */
export class Feed {
  /** How many holes there were, and how many chunks were here before, came after a hole, or were no media. */
  counts = { gaps: 0, duplicates: 0, orphans: 0, refused: 0 };
  /** The init segment in force. */
  init;
  /** When a chunk was let through last, in milliseconds on the owner's clock. */
  acceptedAt = 0;
  #sequence = new Sequence();
  #duration = 0;
  #bursts = new Bursts();
  /** @type {import('./position.js').Position | null} */
  #missed = null;
  #previous = { time: -1, group: -1, verdict: '' };

  /** @param {Segment & {info: TrackInfo}} init */
  constructor(init) {
    this.init = init;
  }

  /** The position of the last chunk that was let through, or null. */
  get last() {
    return this.#sequence.last;
  }

  /** The decode time of the last chunk that was let through, in seconds; negative before the first. */
  get time() {
    return this.#previous.time;
  }

  /** About how long a chunk is, in seconds. */
  get duration() {
    return this.#duration;
  }

  /** Returns a feed for another track that takes the place of this one. */
  successor() {
    const feed = new Feed(this.init);
    feed.acceptedAt = this.acceptedAt;
    feed.#duration = this.#duration;
    feed.#bursts = this.#bursts;
    return feed;
  }

  /** How much media comes at once, in seconds: that of a chunk, or of several where the source gives them together. */
  get burst() {
    return Math.max(this.#duration, this.#bursts.length);
  }

  /** Says that the server has been told to keep nothing, or less. */
  hurry() {
    this.#bursts.forgetPauses();
  }

  /**
   * Reports whether a chunk can be appended.
   *
   * @param {Segment} chunk
   * @param {number} [now] in milliseconds on the owner's clock
   * @returns {boolean}
   */
  accept(chunk, now = 0) {
    const verdict = this.#sequence.accept(chunk);
    if (verdict === 'duplicate') this.counts.duplicates++;
    if (verdict === 'orphan') this.counts.orphans++;
    if (verdict === 'duplicate' || verdict === 'orphan') return false;
    if (checkChunk(chunk.payload) !== null) {
      this.counts.refused++;
      this.#sequence.break();
      return false;
    }
    this.#measure(chunk, verdict);
    this.#bursts.add(this.time, this.#duration, chunk.wallClock / MICROSECONDS, now / 1000);
    this.acceptedAt = now;
    return true;
  }

  /**
   * Takes a notice of chunks that do not come. What another connection has brought in the meantime is not missing,
   * and a connection that breaks right after the notice makes the next one repeat it.
   *
   * @param {import('./message.js').Gap} gap
   */
  miss({ to }) {
    const known = [this.last, this.#missed].some((position) => position && comparePositions(to, position) <= 0);
    if (known) return;
    this.#missed = to;
    this.counts.gaps++;
  }

  /** Says that a chunk which was let through is lost: only one which begins a group can follow. */
  break() {
    this.#sequence.break();
  }

  /**
   * @param {Segment} chunk
   * @param {string} verdict
   */
  #measure({ decodeTime, position: { group } }, verdict) {
    const previous = this.#previous;
    const time = decodeTime / MICROSECONDS;
    this.#previous = { time, group, verdict };
    // From one group to the next chunks may be missing, unless groups have one chunk each.
    const successive = verdict === 'next' || (previous.verdict === 'first' && group === previous.group + 1);
    const step = time - previous.time;
    // Chunks of sound differ by a frame: the longest counts, and is forgotten slowly.
    if (successive && step > 0 && step < MAX_CHUNK) this.#duration = Math.max(step, this.#duration * 0.98);
  }
}
