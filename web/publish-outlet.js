import { clockMessage, frameMessage, startMessage } from './publish-message.js';

/** A track that is not there after so many milliseconds does not hold the others up. */
const PATIENCE = 1_500;
/** The clocks are tied again after so many milliseconds. */
const CLOCK_INTERVAL = 10_000;

/** @typedef {import('./publish-message.js').PublishedTrack} PublishedTrack */

/**
 * @typedef {object} OutletHandlers
 * @property {(message: string | ArrayBuffer) => void} send sends one message
 * @property {() => void} onrestart the frames that follow have to begin with key frames
 * @property {(bytes: number, kind: 'video' | 'audio') => void} onsent a frame is on its way
 */

/**
 * Puts the tracks together: it tells the server what there is before the first frame, and again when that changes, and
 * lets no frame through before.
 */
export class Outlet {
  #handlers;
  #clock;
  #expected;
  /** @type {Map<number, PublishedTrack>} */
  #tracks = new Map();
  #open = false;
  #openedAt = 0;
  #started = false;
  /** @type {Set<number>} video tracks whose next frame has to be a key frame */
  #fresh = new Set();
  #clockAt = -Infinity;

  /**
   * @param {number} expected how many tracks there will be
   * @param {OutletHandlers} handlers
   * @param {import('./clock.js').Clock} clock
   */
  constructor(expected, handlers, clock) {
    this.#expected = expected;
    this.#handlers = handlers;
    this.#clock = clock;
  }

  /** The codec of the sound that is sent, or ''. */
  get audioCodec() {
    return [...this.#tracks.values()].find(({ kind }) => kind === 'audio')?.codec ?? '';
  }

  /** There is a connection, to a server that knows nothing yet. */
  open() {
    this.#open = true;
    this.#openedAt = this.#clock.now();
    this.#started = false;
  }

  /** There is none any more. */
  close() {
    this.#open = false;
  }

  /**
   * Says what the frames of a track are like from now on.
   *
   * @param {PublishedTrack} track
   */
  describe(track) {
    this.#tracks.set(track.track, track);
    if (this.#started) this.#start();
  }

  /**
   * A track comes no more.
   *
   * @param {number} track
   */
  remove(track) {
    this.#expected--;
    if (this.#tracks.delete(track) && this.#started && this.#tracks.size) this.#start();
  }

  /**
   * Sends a frame, if the server can do something with it.
   *
   * @param {number} track
   * @param {import('./publish-message.js').Chunk} chunk
   * @param {number} timestamp in microseconds
   * @param {number} duration in microseconds; 0 where it is not known
   */
  send(track, chunk, timestamp, duration) {
    const info = this.#tracks.get(track);
    if (!this.#open || !info) return;
    if (!this.#started && this.#isReady) this.#start();
    if (!this.#started || (this.#fresh.has(track) && chunk.type !== 'key')) return;
    const message = frameMessage(track, chunk, timestamp, duration);
    if (!message) {
      if (chunk.byteLength > 0 && info.kind === 'video') this.#breakOff(track);
      return;
    }
    this.#fresh.delete(track);
    this.#tie();
    this.#handlers.send(message);
    this.#handlers.onsent(message.byteLength, info.kind);
  }

  /**
   * A picture cannot be sent: those that follow are of no use before the next key frame.
   *
   * @param {number} track
   */
  #breakOff(track) {
    this.#fresh.add(track);
    this.#handlers.onrestart();
  }

  get #isReady() {
    return this.#tracks.size >= this.#expected || this.#clock.now() - this.#openedAt >= PATIENCE;
  }

  #start() {
    this.#started = true;
    const tracks = [...this.#tracks.values()].sort((a, b) => a.track - b.track);
    this.#handlers.send(startMessage(tracks));
    this.#fresh = new Set(tracks.filter(({ kind }) => kind === 'video').map(({ track }) => track));
    this.#clockAt = -Infinity;
    this.#handlers.onrestart();
  }

  /** Tells what time it is, now and then. */
  #tie() {
    const now = this.#clock.now();
    if (now - this.#clockAt < CLOCK_INTERVAL) return;
    this.#clockAt = now;
    this.#handlers.send(clockMessage(now * 1000, this.#clock.wall()));
  }
}
