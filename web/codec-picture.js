/** The most decoded frames that wait: decoders have only so many. */
const MAX_WAITING = 24;
/** A frame which others have overtaken is drawn all the same when none has been for so many seconds. */
const PATIENCE = 0.5;

/**
 * A decoded frame: what the picture uses of a VideoFrame.
 *
 * @typedef {Pick<VideoFrame, 'timestamp' | 'displayWidth' | 'displayHeight' | 'close'>} Frame
 */

/** Draws decoded frames when they are due, each once, and closes them. Times are in seconds. */
export class Picture {
  /** How many frames were drawn, and how many were not. */
  drawn = 0;
  dropped = 0;
  #canvas;
  #context;
  #onframe;
  /** @type {Frame[]} */
  #waiting = [];
  #drawnAt = -Infinity;

  /**
   * @param {OffscreenCanvas | HTMLCanvasElement} canvas
   * @param {(frame: Frame) => void} onframe is told of each frame that has been drawn, and is about to be closed
   */
  constructor(canvas, onframe) {
    this.#canvas = canvas;
    this.#context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    this.#onframe = onframe;
  }

  /** When the next frame that waits is due, or null. */
  get next() {
    return this.#waiting.length ? this.#waiting[0].timestamp / 1e6 : null;
  }

  /**
   * Takes a frame, which it closes.
   *
   * @param {Frame} frame
   */
  add(frame) {
    this.#waiting.push(frame);
    if (this.#waiting.length > MAX_WAITING) this.#drop(1);
  }

  /**
   * Draws the newest frame that is due.
   *
   * @param {number} now
   * @param {number} position
   * @param {boolean} overtaken whether a frame which is due as well will follow at once
   */
  show(now, position, overtaken) {
    const last = this.#waiting.findLastIndex(({ timestamp }) => timestamp / 1e6 <= position);
    if (last < 0) return;
    this.#drop(last);
    if (this.#drawnAt === -Infinity) this.#drawnAt = now - PATIENCE / 2;
    if (overtaken && now - this.#drawnAt < PATIENCE) this.#drop(1);
    else this.#draw(now, /** @type {Frame} */ (this.#waiting.shift()));
  }

  /** Lets go of all that wait. */
  clear() {
    this.#drop(this.#waiting.length);
    this.#drawnAt = -Infinity;
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  #draw(now, frame) {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    this.#context.drawImage(/** @type {VideoFrame} */ (frame), 0, 0, width, height);
    this.drawn++;
    this.#drawnAt = now;
    this.#onframe(frame);
    frame.close();
  }

  /** @param {number} count */
  #drop(count) {
    for (const frame of this.#waiting.splice(0, count)) frame.close();
    this.dropped += count;
  }
}
