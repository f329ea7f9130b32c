/** How much the picture may be ahead of its sound, or behind it, when it is seen, in seconds: nobody notices it (ITU-R BT.1359). */
const LEAD = 0.045;
const LAG = 0.045;
/** What is drawn is seen about so many seconds later, with the browser's next picture of the page. */
export const SEEN_AFTER = 1 / 60;
/** The sound waits for a picture that is later still than this, in seconds. */
const LATE = 0.01;
/** How long the worst delay of the picture counts, in seconds. */
const WINDOW = 2;
/** The longest that it waits for the picture, in seconds. */
const MOST = 2;

/**
 * What the audio worklet says of itself: which moment goes to the device, how much waits and should, all in seconds.
 *
 * @typedef {object} Told
 * @property {boolean} playing
 * @property {number} position
 * @property {number} ahead
 * @property {number} target
 * @property {number} rate
 * @property {number} stalls
 * @property {number} jumps
 */

/**
 * The sound that is heard, as the picture sees it: it bounds the pace while it plays, and is made to wait for a picture
 * that comes later than its sound. Times are in seconds.
 */
export class Heard {
  /** How long what goes to the device is on its way. */
  latency = 0;
  /** @type {Told | null} */
  #told = null;
  #toldAt = 0;
  #pace;
  #port;
  #worst = { lateness: -Infinity, at: 0 };
  /** The worst of the window before. */
  #before = -Infinity;
  #need = 0;

  /**
   * @param {import('./codec-pace.js').Pace} pace
   * @param {Pick<MessagePort, 'postMessage'>} port to the worklet
   */
  constructor(pace, port) {
    this.#pace = pace;
    this.#port = port;
  }

  /** What the worklet has told last, or null. */
  get told() {
    return this.#told;
  }

  /**
   * Returns which moment of the media is heard while that is seen which is drawn now, or null while none is.
   *
   * @param {number} now
   * @returns {number | null}
   */
  moment(now) {
    const told = this.#told;
    return told?.playing ? told.position - this.latency + (now + SEEN_AFTER - this.#toldAt) * told.rate : null;
  }

  /**
   * Hands sound to the worklet.
   *
   * @param {import('./codec-sound.js').Sound} sound
   */
  play(sound) {
    this.#port.postMessage({ sound }, sound.planes.map((plane) => plane.buffer));
  }

  /**
   * Takes in what the worklet tells.
   *
   * @param {number} now
   * @param {Told} told
   */
  tell(now, told) {
    this.#told = told;
    this.#toldAt = now;
    const heard = this.moment(now);
    if (heard !== null) this.#pace.bound(now, heard - LAG, heard + LEAD);
  }

  /**
   * Takes in that a chunk of the picture has come.
   *
   * @param {number} now
   * @param {number} time of its first frame
   */
  came(now, time) {
    const heard = this.moment(now);
    if (heard === null) return;
    this.#worst.lateness = Math.max(this.#worst.lateness, heard - LAG - time);
    if (now - this.#worst.at < WINDOW) return;
    // What comes late once may do so by chance.
    const lateness = Math.min(this.#worst.lateness, this.#before);
    this.#before = this.#worst.lateness;
    this.#worst = { lateness: -Infinity, at: now };
    this.#wait(lateness - LATE);
  }

  /** Forgets the sound. */
  clear() {
    this.#told = null;
    this.#worst = { lateness: -Infinity, at: 0 };
    this.#before = -Infinity;
    this.#pace.free();
    this.#port.postMessage({ clear: true });
  }

  /**
   * Lets the sound wait so much longer for the picture.
   *
   * @param {number} excess
   */
  #wait(excess) {
    if (!this.#told || (excess <= 0 && this.#need === 0)) return;
    this.#need = Math.min(Math.max(this.#told.target + excess, 0), MOST);
    this.#port.postMessage({ need: this.#need });
  }
}
