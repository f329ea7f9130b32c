/**
 * How much the picture may be ahead of its sound, or behind it, in seconds: nobody notices less than 0.125 and 0.045
 * (ITU-R BT.1359).
 */
const LEAD = 0.08;
const LAG = 0.04;
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
   * Returns which moment of the media is heard, or null while none is.
   *
   * @param {number} now
   * @returns {number | null}
   */
  moment(now) {
    const told = this.#told;
    return told?.playing ? told.position - this.latency + (now - this.#toldAt) * told.rate : null;
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
   * Takes in that a chunk of the picture has come so much after the moment at which it was due.
   *
   * @param {number} now
   * @param {number} lateness negative if it was early
   */
  came(now, lateness) {
    const told = this.#told;
    if (!told?.playing || !this.#pace.isLed(now)) return;
    if (lateness > this.#worst.lateness) this.#worst = { lateness, at: now };
    if (now - this.#worst.at < WINDOW) return;
    const excess = this.#worst.lateness - LATE;
    this.#worst = { lateness: -Infinity, at: now };
    if (excess <= 0 && this.#need === 0) return;
    this.#need = Math.min(Math.max(told.target + excess, 0), MOST);
    this.#port.postMessage({ need: this.#need });
  }

  /** Forgets the sound. */
  clear() {
    this.#told = null;
    this.#worst = { lateness: -Infinity, at: 0 };
    this.#pace.free();
    this.#port.postMessage({ clear: true });
  }
}
