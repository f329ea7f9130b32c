import { comparePositions } from './position.js';
import { Flag } from './message.js';

/** @typedef {import('./message.js').Segment} Segment */

/**
 * Watches over the order of one track's chunks. It lets each through once, rising, and after a hole nothing until
 * the next group begins, because what lies between cannot be decoded.
 */
export class Sequence {
  /** @type {import('./position.js').Position | null} */
  #last = null;
  #broken = true;

  /** The position of the last chunk that was let through, or null. */
  get last() {
    return this.#last;
  }

  /**
   * Says what to do with a chunk: 'next' it continues, 'first' it begins a group, 'duplicate' it has been here
   * before, 'orphan' what it depends on is missing.
   *
   * @param {Segment} chunk
   * @returns {'next' | 'first' | 'duplicate' | 'orphan'}
   */
  accept(chunk) {
    const { position } = chunk;
    if (this.#last && comparePositions(position, this.#last) <= 0) return 'duplicate';
    const first = (chunk.flags & Flag.first) !== 0;
    if (!first && (this.#broken || !this.#continues(position))) {
      this.#broken = true;
      return 'orphan';
    }
    this.#last = position;
    this.#broken = false;
    return first ? 'first' : 'next';
  }

  /** Says that the chunk let through last was lost after all. */
  break() {
    this.#broken = true;
  }

  /**
   * @param {import('./position.js').Position} position
   * @returns {boolean}
   */
  #continues(position) {
    const last = this.#last;
    return last !== null && position.epoch === last.epoch && position.group === last.group && position.chunk === last.chunk + 1;
  }
}
