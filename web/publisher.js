/**
 * Publishes a camera or a screen, with sound, to a livews server: WebCodecs encodes each frame, which goes to the server
 * at once over a WebSocket (PROTOCOL.md, livews.publish.1).
 */

import { capture } from './publish-capture.js';
import { systemClock } from './clock.js';
import { openFrames, scaleFrame } from './publish-frames.js';
import { Session } from './publish-session.js';
import { openSound } from './publish-sound.js';
import { findObstacle } from './publish-support.js';

/** @typedef {import('./publish-states.js').PublishStatus} PublishStatus */

/**
 * @typedef {object} PublisherOptions
 * @property {string} url where to publish, as in '/publish/cam1': http, https, ws or wss, or relative to the page
 * @property {import('./publish-capture.js').VideoOptions | false} [video] false: no picture
 * @property {import('./publish-capture.js').AudioOptions | false} [audio] false: no sound
 * @property {MediaStream} [stream] what to publish in place of camera and microphone: the first track of each kind. Its
 *   owner stops the tracks. video and audio still say how to encode them
 */

/**
 * How publishing goes, in figures.
 *
 * @typedef {object} PublisherStats
 * @property {number} bitrate bits sent in a second
 * @property {number} frameRate pictures sent in a second
 * @property {number | null} encoderDelay milliseconds from a captured picture to the encoded one, the median of the last
 *   60; null before the first
 * @property {number} dropped pictures left out because the encoder or the line were too slow
 * @property {number} bufferedAmount bytes that wait for the line
 * @property {string} codec of the picture, '' before it is known
 * @property {string} audioCodec '' where there is no sound, or none yet
 * @property {number} width of the encoded picture, 0 before it is known
 * @property {number} height
 * @property {number} reconnects
 * @property {number} bytes sent in all
 */

/**
 * What a Publisher takes from the browser. Tests put in something of their own.
 *
 * @typedef {object} PublisherEnvironment
 * @property {any} scope the global object
 * @property {import('./clock.js').Clock} clock
 * @property {() => number} [random]
 * @property {typeof capture} capture
 * @property {typeof openFrames} openFrames
 * @property {typeof openSound} openSound
 * @property {typeof scaleFrame} scale
 */

/**
 * One stream that goes out from this page. Its event 'statechange' comes when status has changed; what failed for good
 * is told there, too, and can be started again.
 */
export class Publisher extends EventTarget {
  #options;
  #environment;
  /** @type {PublishStatus} */
  #status = { state: 'idle' };
  /** @type {Session | null} */
  #session = null;

  /**
   * @param {PublisherOptions} options
   * @param {Partial<PublisherEnvironment>} [environment]
   */
  constructor(options, environment = {}) {
    super();
    this.#options = { video: {}, audio: {}, ...options };
    // performance.now may stand still while a computer sleeps: the wall clock does not.
    const clock = { ...systemClock, wall: () => Date.now() };
    const browser = { scope: globalThis, clock, capture, openFrames, openSound, scale: scaleFrame };
    this.#environment = { ...browser, ...environment };
  }

  /** How things stand. The object does not change. */
  get status() {
    return this.#status;
  }

  /** The state alone. */
  get state() {
    return this.#status.state;
  }

  /** What is captured, for a preview; null while nothing is. */
  get stream() {
    return this.#session?.stream ?? null;
  }

  /** @returns {PublisherStats} */
  get stats() {
    return this.#session?.stats ?? { ...NOTHING };
  }

  /**
   * Begins, unless it has begun. Does not wait: 'statechange' tells how it goes.
   *
   * @throws {TypeError} if the URL is none to publish at
   */
  start() {
    if (this.#session) return;
    const obstacle = findObstacle(this.#environment.scope);
    if (obstacle) {
      this.#fail(obstacle);
      return;
    }
    /** @type {Session} */
    const session = new Session(this.#options, this.#environment, {
      onstatus: (status) => this.#session === session && this.#setStatus(status),
      onfail: (error) => this.#session === session && this.#fail(error),
    });
    this.#session = session;
    void session.open();
  }

  /** Stops, and gives camera and microphone back. The server is told that the stream is over. */
  stop() {
    this.#end();
    this.#setStatus({ state: 'idle' });
  }

  /** @param {import('./publish-states.js').PublishError} error */
  #fail({ reason, detail, device }) {
    this.#end();
    this.#setStatus({ state: 'failed', reason, detail, device });
  }

  #end() {
    const session = this.#session;
    this.#session = null;
    session?.close();
  }

  /** @param {PublishStatus} status */
  #setStatus(status) {
    const before = JSON.stringify(this.#status);
    this.#status = Object.freeze({ ...status });
    if (JSON.stringify(status) !== before) this.dispatchEvent(new Event('statechange'));
  }
}

/** @type {Readonly<PublisherStats>} */
const NOTHING = Object.freeze({
  bitrate: 0,
  frameRate: 0,
  encoderDelay: null,
  dropped: 0,
  bufferedAmount: 0,
  codec: '',
  audioCodec: '',
  width: 0,
  height: 0,
  reconnects: 0,
  bytes: 0,
});
