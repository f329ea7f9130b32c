/** A key frame comes after so many microseconds at the latest. */
const KEY_INTERVAL = 2_000_000;
/** More frames than so many do not wait for the encoder. */
const MAX_QUEUE = 3;
/** The line may have so many seconds of media unsent before frames are left out, ... */
const SLOW = 0.5;
/** ... and so many before encoded ones are thrown away. */
const BLOCKED = 2;
/** Bytes that may be unsent in any case: a key frame comes all at once. */
const ROOM = 128 << 10;

/**
 * Decides which frames of one video track are encoded, and which are sent. What is left out before the encoder costs
 * a frame; what is thrown away behind it breaks the chain, and then nothing is sent up to the next key frame.
 */
export class FrameGate {
  #bytesPerSecond;
  #keyWanted = true;
  #keyAt = -Infinity;
  #broken = true;
  #dropped = 0;

  /** @param {number} bitrate of all tracks, in bits per second */
  constructor(bitrate) {
    this.#bytesPerSecond = bitrate / 8;
  }

  /** How many frames were left out or thrown away while there was a connection. */
  get dropped() {
    return this.#dropped;
  }

  /** Makes the next frame a key frame. */
  wantKey() {
    this.#keyWanted = true;
  }

  /** Sends nothing before a key frame: the receiver has none of the frames before. */
  restart() {
    this.#broken = this.#keyWanted = true;
  }

  /**
   * Returns what to do with a captured frame.
   *
   * @param {number} timestamp in microseconds
   * @param {number} queue how many frames wait for the encoder
   * @param {number} unsent bytes that wait for the line
   * @returns {'key' | 'delta' | 'drop'}
   */
  admit(timestamp, queue, unsent) {
    if (queue > MAX_QUEUE || unsent > this.#limit(SLOW)) {
      this.#dropped++;
      return 'drop';
    }
    if (!this.#keyWanted && timestamp - this.#keyAt < KEY_INTERVAL && timestamp >= this.#keyAt) return 'delta';
    this.#keyWanted = false;
    this.#keyAt = timestamp;
    return 'key';
  }

  /**
   * Reports whether an encoded frame may be sent.
   *
   * @param {boolean} key whether it is a key frame
   * @param {number} unsent bytes that wait for the line
   * @returns {boolean}
   */
  pass(key, unsent) {
    if (unsent > this.#limit(BLOCKED)) {
      this.#dropped++;
      this.restart();
      return false;
    }
    if (this.#broken && !key) {
      this.#dropped++;
      return false;
    }
    this.#broken = false;
    return true;
  }

  /** @param {number} seconds */
  #limit(seconds) {
    return Math.max(ROOM, this.#bytesPerSecond * seconds);
  }
}
