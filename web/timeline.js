/**
 * The longest step forward that is taken as it is when an ingress starts again: what is longer is closed, so that
 * the viewer does not look at a hole.
 */
const MAX_STEP = 5;
/** How far media may overlap what came before it and still be taken as its continuation. */
const MAX_OVERLAP = 0.5;
/**
 * Where media begins at the earliest, in seconds. With media at zero, where an element stands at first, WebKitGTK begins to
 * decode it at once, and the seek to the live edge that comes then may hang the browser (WebKit bug 272975).
 */
const EARLIEST = 10;

/**
 * Lays the epochs of a stream one behind the other on the time line of a media element. Within an epoch the tracks
 * share a time line and the ingress keeps it continuous; a new epoch may begin anywhere, at zero for instance.
 */
export class Timeline {
  #epoch = -1;
  #offset = 0;
  #previous = { epoch: -1, offset: 0 };
  #end = 0;
  /** @type {Map<number, number>} */
  #starts = new Map();

  /**
   * Returns the offset in seconds to add to the times of a chunk: its SourceBuffer's timestampOffset. All tracks
   * get the same one in the same epoch. Null if the chunk cannot be placed because time went back in mid-epoch.
   *
   * @param {number} track
   * @param {number} epoch of the chunk
   * @param {number} time decode time of the chunk in seconds
   * @param {number} duration of the chunk in seconds, about
   * @returns {number | null}
   */
  place(track, epoch, time, duration) {
    if (epoch === this.#previous.epoch) return this.#previous.offset;
    if (epoch !== this.#epoch) this.#begin(epoch, time);
    const start = time + this.#offset;
    if (start < (this.#starts.get(track) ?? start) - MAX_OVERLAP) return null;
    this.#starts.set(track, start);
    this.#end = Math.max(this.#end, start + duration);
    return this.#offset;
  }

  /**
   * @param {number} epoch
   * @param {number} time
   */
  #begin(epoch, time) {
    if (this.#epoch < 0) this.#offset = Math.max(0, EARLIEST - time);
    const step = time + this.#offset - this.#end;
    this.#previous = { epoch: this.#epoch, offset: this.#offset };
    if (this.#epoch >= 0 && (step < -MAX_OVERLAP || step > MAX_STEP)) this.#offset = this.#end - time;
    this.#epoch = epoch;
  }
}
