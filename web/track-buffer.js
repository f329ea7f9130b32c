import { joinChunks, readDefaults } from './fragment.js';
import { listRanges } from './ranges.js';

/**
 * How much media may wait before it is cut down to the newest group, in seconds: more than a server has kept for a
 * viewer who resumes, which comes all at once.
 */
const MAX_WAITING = 20;
/** How many bytes may wait before all of them are dropped. */
const MAX_WAITING_BYTES = 32 << 20;
/** How many bytes one append may bring, unless a single chunk has more. */
const MAX_BATCH = 4 << 20;
/** So many chunks in one append are made into few. */
const MANY = 8;
/** How much is kept behind the playhead, in seconds, and how much more there must be before it is removed. */
const KEEP = 20;
const KEEP_SLACK = 5;
/** How much is kept in all, in seconds: what lies ahead of a paused playhead grows. */
const MAX_SPAN = 120;
/** What is kept behind the playhead when the browser has no room, in seconds. */
const KEEP_LEAST = 2;
/** How much more media may come before a browser that has no room is given up, in seconds. */
const MAX_FULL = 2;

/**
 * Something that waits to be appended.
 *
 * @typedef {object} Piece
 * @property {Uint8Array<ArrayBuffer>} data
 * @property {string | null} mime set for an init segment: the type of what follows
 * @property {number} time decode time in seconds, offset added
 * @property {number} offset the timestampOffset for it
 * @property {boolean} first whether it begins a group
 */

/**
 * What a ManagedSourceBuffer tells of its media.
 *
 * @typedef {Event & {removedRanges?: TimeRanges}} BufferedChange
 */

/**
 * @typedef {object} TrackBufferHandlers
 * @property {() => number} playhead gives the playback position in seconds
 * @property {() => void} onchange what is buffered has changed
 * @property {() => void} ondrop what waited was dropped: only a chunk which begins a group can follow
 * @property {() => void} onfull the browser has no room for more; what was played is removed
 * @property {(error: Error) => void} onerror the SourceBuffer is of no more use
 */

/**
 * Feeds one SourceBuffer: one operation at a time, and all that came meanwhile in the next one. It removes what
 * has been played, makes room where the browser has none, and bounds what waits.
 *
 * What arrives before attach waits too.
 */
export class TrackBuffer {
  #handlers;
  #mime;
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {Piece[]} */
  #queue = [];
  #bytes = 0;
  /** What the init segment in force says of samples. @type {number[] | null} */
  #defaults = null;
  #keep = KEEP;
  /** The time of the newest chunk that was queued, and what that was when the browser had no more room. */
  #newest = NaN;
  #fullAt = NaN;
  #paused = false;
  #closed = false;

  /**
   * @param {string} mime the type of the first init segment
   * @param {TrackBufferHandlers} handlers
   */
  constructor(mime, handlers) {
    this.#mime = mime;
    this.#handlers = handlers;
  }

  /** The type of the init segment that was queued last. */
  get mime() {
    return this.#queue.findLast((piece) => piece.mime)?.mime ?? this.#mime;
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle() {
    return this.#queue.length === 0 && this.#buffer?.updating === false;
  }

  /** How many bytes wait to be appended. */
  get waiting() {
    return this.#bytes;
  }

  /** What is buffered. */
  get ranges() {
    return this.#buffer ? listRanges(this.#buffer.buffered) : [];
  }

  /**
   * Begins to feed a SourceBuffer.
   *
   * @param {SourceBuffer} buffer
   */
  attach(buffer) {
    this.#buffer = buffer;
    buffer.addEventListener('updateend', () => this.#updated());
    buffer.addEventListener('bufferedchange', (event) => this.#evicted(/** @type {BufferedChange} */ (event)));
    buffer.addEventListener('error', () => this.#fail(new Error('the browser could not read the media')));
    this.#next();
  }

  /**
   * Queues an init segment. Where its codec differs, the browser must have SourceBuffer.changeType.
   *
   * @param {Uint8Array<ArrayBuffer>} data
   * @param {string} mime
   */
  appendInit(data, mime) {
    this.#push({ data, mime, time: 0, offset: 0, first: false });
  }

  /**
   * Queues a chunk.
   *
   * @param {Uint8Array<ArrayBuffer>} data
   * @param {{time: number, offset: number, first: boolean}} place
   */
  append(data, place) {
    this.#push({ data, mime: null, ...place });
  }

  /**
   * Stops and starts appending, as a ManagedMediaSource asks. In between only the newest group is kept.
   *
   * @param {boolean} paused
   */
  setPaused(paused) {
    this.#paused = paused;
    this.#next();
  }

  /** Drops all that waits, and lets go of the SourceBuffer. */
  close() {
    this.#closed = true;
    this.#replace([]);
  }

  /** @param {Piece} piece */
  #push(piece) {
    if (this.#closed) return;
    this.#queue.push(piece);
    if (!piece.mime) this.#newest = piece.time;
    this.#bytes += piece.data.length;
    this.#bound(piece.time);
    this.#next();
  }

  /** @param {number} newest */
  #bound(newest) {
    if (this.#bytes > MAX_WAITING_BYTES) {
      this.#replace(this.#queue.filter((piece) => piece.mime).slice(-1));
      this.#handlers.ondrop();
      return;
    }
    const oldest = this.#queue.find((piece) => !piece.mime);
    // A managed source that has enough wants no more of the past, either: it goes on at the live edge.
    if (!oldest || (!this.#paused && newest - oldest.time <= MAX_WAITING)) return;
    const group = this.#queue.findLastIndex((piece) => piece.first);
    // A group longer than the bound has to wait for its end, or it would never be played.
    if (group > 0) this.#replace(this.#queue.filter((piece, i) => piece.mime || i >= group));
  }

  #next() {
    if (this.#closed || this.#paused || !this.#buffer || this.#buffer.updating) return;
    try {
      if (!this.#trim(this.#keep + KEEP_SLACK) && this.#queue.length) this.#append(this.#buffer);
    } catch (error) {
      this.#refused(/** @type {Error} */ (error));
    }
  }

  /** @param {SourceBuffer} buffer */
  #append(buffer) {
    const [piece] = this.#queue;
    const count = piece.mime ? 1 : this.#batch();
    if (piece.mime && piece.mime !== this.#mime) {
      // Where there is none, only the profile or the level of the codec differs.
      buffer.changeType?.(piece.mime);
      this.#mime = piece.mime;
    }
    if (!piece.mime && buffer.timestampOffset !== piece.offset) buffer.timestampOffset = piece.offset;
    if (piece.mime) this.#defaults = readDefaults(piece.data);
    const data = this.#queue.slice(0, count).map((one) => one.data);
    buffer.appendBuffer(join(count >= MANY && this.#defaults ? joinChunks(data, this.#defaults) : data));
    this.#fullAt = NaN;
    this.#replace(this.#queue.slice(count));
  }

  /** Returns how many chunks at the head of the queue go into one append. */
  #batch() {
    const { offset } = this.#queue[0];
    let bytes = 0;
    const end = this.#queue.findIndex((piece, i) => {
      bytes += piece.data.length;
      return i > 0 && (piece.mime !== null || piece.offset !== offset || bytes > MAX_BATCH);
    });
    return end < 0 ? this.#queue.length : end;
  }

  /**
   * Removes what lies more than this.#keep behind the playhead, if anything lies more than limit behind it.
   * Reports whether that is under way.
   *
   * @param {number} limit in seconds
   * @returns {boolean}
   */
  #trim(limit) {
    const ranges = this.ranges;
    if (!ranges.length || !this.#buffer) return false;
    const end = ranges[ranges.length - 1].end;
    const { start } = ranges[0];
    const anchor = Math.max(this.#handlers.playhead(), end - MAX_SPAN);
    if (start >= anchor - limit) return false;
    this.#buffer.remove(0, anchor - this.#keep);
    return true;
  }

  /** @param {Error} error */
  #refused(error) {
    if (error.name !== 'QuotaExceededError' || this.#newest - this.#fullAt > MAX_FULL) {
      this.#fail(error);
      return;
    }
    if (Number.isNaN(this.#fullAt)) {
      this.#fullAt = this.#newest;
      this.#keep = Math.max(KEEP_LEAST, this.#keep / 2);
      this.#handlers.onfull();
    }
    this.#makeRoom();
  }

  /** Removes as much as can be spared. Where that is nothing, there is more when the next chunk comes. */
  #makeRoom() {
    const [oldest] = this.ranges;
    const end = this.#handlers.playhead() - KEEP_LEAST;
    if (oldest && oldest.start < end) this.#buffer?.remove(0, end);
  }

  /**
   * A managed source takes media away when memory is short. Where that was the newest, what follows would refer to
   * pictures that are gone.
   *
   * @param {BufferedChange} event
   */
  #evicted({ removedRanges }) {
    if (this.#closed || !removedRanges?.length) return;
    const end = this.ranges.at(-1)?.end ?? 0;
    if (removedRanges.end(removedRanges.length - 1) > end) {
      this.#replace(this.#queue.filter((piece) => piece.mime));
      this.#handlers.ondrop();
    }
    this.#handlers.onchange();
  }

  #updated() {
    this.#next();
    if (!this.#closed) this.#handlers.onchange();
  }

  /** @param {Error} error */
  #fail(error) {
    if (this.#closed) return;
    this.close();
    this.#handlers.onerror(error);
  }

  /** @param {Piece[]} queue */
  #replace(queue) {
    this.#queue = queue;
    this.#bytes = queue.reduce((sum, piece) => sum + piece.data.length, 0);
  }
}

/**
 * Returns the bytes of all parts one after the other; those of a single one are not copied.
 *
 * @param {Uint8Array<ArrayBuffer>[]} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
function join(parts) {
  if (parts.length === 1) return parts[0];
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
