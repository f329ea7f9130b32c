import { Backoff } from './backoff.js';
import { systemClock } from './clock.js';
import { parseControl } from './message.js';
import { probe } from './probe.js';

/** The sub-protocol; its name carries the version. */
export const PROTOCOL = 'livews.1';

/** How long a handshake may take, in milliseconds. */
const DIAL_TIMEOUT = 5_000;
/** How long a connection may bring nothing, in milliseconds. */
const SILENCE_TIMEOUT = 15_000;
/** A connection that lasted this many milliseconds was healthy: the next wait is short again. */
const HEALTHY_AFTER = 10_000;
/** The wait, before its random factor, for a stream that is not there; it may come. */
const NOT_FOUND_WAIT = 5_000;

/** @typedef {import('./probe.js').Cause} Cause */

/**
 * What a Connection tells its owner.
 *
 * @typedef {object} Handlers
 * @property {() => void} onopen the connection is there
 * @property {(data: ArrayBuffer) => void} onsegment a binary message has come
 * @property {(control: import('./message.js').Control) => void} oncontrol a text message has come
 * @property {(cause: Cause, wait: number) => void} ondown the connection is not there; the next attempt comes by
 *   itself after wait milliseconds
 * @property {() => void} onend the stream has ended; nothing more comes
 * @property {(message: string) => void} onfail the server does not want this client back; nothing more comes
 */

/**
 * What tests replace.
 *
 * @typedef {object} Environment
 * @property {new (url: string, protocol: string) => WebSocket} [WebSocket]
 * @property {typeof globalThis.fetch} [fetch]
 * @property {import('./clock.js').Clock} [clock]
 * @property {() => number} [random]
 */

/**
 * A subscription to one stream that is kept up: it connects, finds out why it cannot, and connects again with
 * backoff until the stream ends or close is called. It begins with open.
 */
export class Connection {
  #url;
  #handlers;
  #WebSocket;
  #fetch;
  #clock;
  #backoff;
  /** @type {WebSocket | null} */
  #socket = null;
  #closed = false;
  #ended = false;
  #openedAt = -1;
  #heardAt = 0;
  #timer = 0;
  #waiting = false;

  /**
   * @param {string} url a ws or wss URL
   * @param {Handlers} handlers
   * @param {Environment} [environment]
   */
  constructor(url, handlers, environment = {}) {
    this.#url = url;
    this.#handlers = handlers;
    this.#WebSocket = environment.WebSocket ?? globalThis.WebSocket;
    this.#fetch = environment.fetch ?? ((...args) => globalThis.fetch(...args));
    this.#clock = environment.clock ?? systemClock;
    this.#backoff = new Backoff(environment.random);
  }

  /** Whether messages can come and go. */
  get isOpen() {
    return this.#openedAt >= 0;
  }

  /** Connects. */
  open() {
    if (this.#closed || this.#socket) return;
    this.#waiting = false;
    this.#ended = false;
    const socket = new this.#WebSocket(this.#url, PROTOCOL);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#gone(event.code, event.reason);
    this.#setTimer(DIAL_TIMEOUT, () => this.#cut(4400));
  }

  /** Ends the connection for good. */
  close() {
    this.#closed = true;
    this.#drop(1000);
  }

  /** Connects at once where it waits for the next attempt: the network is back, or the page is looked at again. */
  retryNow() {
    if (!this.#waiting) return;
    this.#clock.clearTimeout(this.#timer);
    this.open();
  }

  /** Gives up the connection as it is, and begins again, as after a failure. */
  restart() {
    if (this.#socket) this.#cut(1000);
  }

  /**
   * Sends a control message, if the connection is open.
   *
   * @param {object} control
   */
  send(control) {
    if (this.isOpen) this.#socket?.send(JSON.stringify(control));
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket.protocol !== PROTOCOL) {
      this.#fail('The server does not speak the livews protocol');
      return;
    }
    this.#openedAt = this.#heardAt = this.#clock.now();
    this.#watchSilence(SILENCE_TIMEOUT);
    this.#handlers.onopen();
  }

  /** @param {unknown} data */
  #received(data) {
    this.#heardAt = this.#clock.now();
    if (data instanceof ArrayBuffer) this.#handlers.onsegment(data);
    else if (typeof data === 'string') this.#control(data);
  }

  /** @param {string} text */
  #control(text) {
    let control;
    try {
      control = parseControl(text);
    } catch {
      // Control is rare and optional: media goes on without a message that cannot be read.
      return;
    }
    if (control?.type === 'end') this.#ended = true;
    if (control) this.#handlers.oncontrol(control);
  }

  /** @param {number} wait */
  #watchSilence(wait) {
    this.#setTimer(wait, () => {
      const silence = this.#clock.now() - this.#heardAt;
      if (silence >= SILENCE_TIMEOUT) this.#cut(4400);
      else this.#watchSilence(SILENCE_TIMEOUT - silence);
    });
  }

  /**
   * Takes the connection for dead without waiting for the closing handshake, which may take minutes then.
   *
   * @param {number} code
   */
  #cut(code) {
    const opened = this.isOpen;
    this.#drop(code);
    void this.#explain(opened);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #gone(code, reason) {
    const opened = this.isOpen;
    this.#drop(1000);
    if (this.#ended && code === 1000) {
      this.#closed = true;
      this.#handlers.onend();
    } else if (code >= 4300 && code < 4400) {
      this.#fail(reason || `The server has refused this player (${code})`);
    } else {
      void this.#explain(opened);
    }
  }

  /** @param {boolean} opened */
  async #explain(opened) {
    if (opened) {
      this.#retry('lost', 0);
      return;
    }
    // The next attempt is allowed to come while the question is under way, and then the answer is of no use.
    this.#waiting = true;
    const { cause, retryAfter } = await probe(this.#url.replace(/^ws/, 'http'), this.#fetch);
    if (this.#waiting && !this.#closed) this.#retry(cause, retryAfter);
  }

  /**
   * @param {Cause} cause
   * @param {number} atLeast milliseconds
   */
  #retry(cause, atLeast) {
    const floor = cause === 'not-found' ? this.#backoff.spread(NOT_FOUND_WAIT) : atLeast;
    const wait = Math.max(this.#backoff.next(), floor);
    this.#waiting = true;
    this.#setTimer(wait, () => this.open());
    this.#handlers.ondown(cause, wait);
  }

  /** @param {string} message */
  #fail(message) {
    this.close();
    this.#handlers.onfail(message);
  }

  /** @param {number} code */
  #drop(code) {
    this.#clock.clearTimeout(this.#timer);
    this.#waiting = false;
    if (this.isOpen && this.#clock.now() - this.#openedAt >= HEALTHY_AFTER) this.#backoff.reset();
    this.#openedAt = -1;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // A browser lets a page send 1000 and 3000 to 4999 only.
    socket.close(code);
  }

  /**
   * @param {number} ms
   * @param {() => void} call
   */
  #setTimer(ms, call) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(call, ms);
  }
}
