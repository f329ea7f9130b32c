import { withBundles } from './address.js';
import { isBundle, unbundle } from './bundle.js';
import { takeEarly } from './early-socket.js';
import { MessageError, PROTOCOL, parseControl } from './message.js';

/** How long a handshake may take, in milliseconds. */
const DIAL_TIMEOUT = 5_000;
/** How long a connection may bring nothing, in milliseconds. */
const SILENCE_TIMEOUT = 15_000;
/** The code of PROTOCOL.md for a connection that is dead. */
const DEAD = 4400;
/** The code of PROTOCOL.md for a peer that there is no sense in asking again. */
const REFUSED = 4300;

/**
 * What a Link tells its owner.
 *
 * @typedef {object} LinkHandlers
 * @property {() => void} onopen the handshake is done
 * @property {(message: ArrayBuffer | import('./message.js').Control, more: boolean) => void} onmessage something has
 *   come, and the server says that it has more ready
 * @property {(code: number, reason: string) => void} onclose the connection is no more; it comes once, and not
 *   after close
 */

/**
 * One WebSocket to a server, from the handshake to its end: unlike a bare one it ends by itself when the other side
 * is gone without a word.
 */
export class Link {
  #handlers;
  #clock;
  #socket;
  #openedAt = -1;
  #heardAt = 0;
  #timer = 0;
  #ended = false;
  #closed = false;

  /**
   * @param {string} url a ws or wss URL of a stream
   * @param {LinkHandlers} handlers
   * @param {{WebSocket: new (url: string, protocol: string) => WebSocket, clock: import('./clock.js').Clock}} environment
   */
  constructor(url, handlers, { WebSocket, clock }) {
    this.#handlers = handlers;
    this.#clock = clock;
    this.#heardAt = clock.now();
    const early = takeEarly(url);
    const socket = early?.socket ?? dial(WebSocket, withBundles(url));
    this.#socket = socket;
    if (!socket) {
      this.#setTimer(0, () => this.#finish(1000, 1006, 'the browser does not let the page connect'));
      return;
    }
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    // Chromium does not tell of a close where a Content-Security-Policy forbids the address.
    socket.onerror = () => !this.isOpened && this.#finish(1000, 1006, '');
    socket.onclose = (event) => this.#finish(1000, event.code, event.reason);
    this.#setTimer(DIAL_TIMEOUT, () => this.#finish(DEAD, DEAD, 'the handshake took too long'));
    // The owner has to have this Link first.
    if (early && socket.readyState === 1) queueMicrotask(() => this.#catchUp(early.held));
  }

  /** Whether the handshake has been done. */
  get isOpened() {
    return this.#openedAt >= 0;
  }

  /** Whether the server has said that the stream is over. */
  get isEnded() {
    return this.#ended;
  }

  /** How long ago the handshake was done, in milliseconds; 0 if it is not. */
  get age() {
    return this.isOpened ? this.#clock.now() - this.#openedAt : 0;
  }

  /** For how long nothing has come, in milliseconds, not even the end of the handshake. */
  get silence() {
    return this.#clock.now() - this.#heardAt;
  }

  /** For how long after the handshake something has come, in milliseconds: what has been silent since was no health. */
  get heardFor() {
    return this.isOpened ? this.#heardAt - this.#openedAt : 0;
  }

  /**
   * Sends a control message; the handshake has to be done.
   *
   * @param {object} control
   */
  send(control) {
    this.#socket?.send(JSON.stringify(control));
  }

  /**
   * Ends the connection; the owner hears nothing more of it.
   *
   * @param {number} [code] 1000 or 3000 to 4999: a browser lets a page send no other
   */
  close(code = 1000) {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    if (!this.#socket) return;
    // The closing handshake may take minutes where the other side is gone.
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onerror = this.#socket.onclose = null;
    this.#socket.close(code);
  }

  #opened() {
    if (this.#socket?.protocol !== PROTOCOL) {
      this.#finish(1000, REFUSED, 'The server does not speak the livews protocol');
      return;
    }
    this.#openedAt = this.#heardAt = this.#clock.now();
    this.#watchSilence(SILENCE_TIMEOUT);
    this.#handlers.onopen();
  }

  /**
   * Takes in what came before there was a Link.
   *
   * @param {unknown[]} held
   */
  #catchUp(held) {
    if (!this.#closed) this.#opened();
    for (const data of held) if (!this.#closed) this.#received(data);
  }

  /** @param {unknown} data */
  #received(data) {
    this.#heardAt = this.#clock.now();
    if (data instanceof ArrayBuffer && isBundle(data)) this.#unpack(data);
    else this.#take(data, false);
  }

  /** @param {ArrayBuffer} bundle */
  #unpack(bundle) {
    try {
      for (const { message, more } of unbundle(bundle)) {
        if (this.#closed) return;
        this.#take(message, more);
      }
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      // What is missing shows in the positions of what follows.
    }
  }

  /**
   * @param {unknown} data
   * @param {boolean} more
   */
  #take(data, more) {
    if (data instanceof ArrayBuffer) this.#handlers.onmessage(data, more);
    else if (typeof data === 'string') this.#control(data, more);
  }

  /**
   * @param {string} text
   * @param {boolean} more
   */
  #control(text, more) {
    let control;
    try {
      control = parseControl(text);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      // Control is rare and optional: media goes on without a message that cannot be read.
      return;
    }
    if (control?.type === 'end') this.#ended = true;
    if (control) this.#handlers.onmessage(control, more);
  }

  /** @param {number} wait */
  #watchSilence(wait) {
    this.#setTimer(wait, () => {
      const silence = this.#clock.now() - this.#heardAt;
      if (silence >= SILENCE_TIMEOUT) this.#finish(DEAD, DEAD, 'nothing has come');
      else this.#watchSilence(SILENCE_TIMEOUT - silence);
    });
  }

  /**
   * @param {number} sent the code for the server
   * @param {number} code
   * @param {string} reason
   */
  #finish(sent, code, reason) {
    this.close(sent);
    this.#handlers.onclose(code, reason);
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

/**
 * Returns null where the browser refuses without trying: Firefox throws where a Content-Security-Policy forbids the address.
 *
 * @param {new (url: string, protocol: string) => WebSocket} WebSocket
 * @param {string} url
 * @returns {WebSocket | null}
 */
function dial(WebSocket, url) {
  try {
    return new WebSocket(url, PROTOCOL);
  } catch {
    return null;
  }
}
