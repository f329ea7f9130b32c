import { webSocketURL } from './address.js';
import { Backoff } from './backoff.js';
import { askWhy } from './publish-probe.js';
import { END_MESSAGE, PUBLISH_PROTOCOL, parseReply } from './publish-message.js';

/** How long a handshake may take, in milliseconds. */
const DIAL_TIMEOUT = 5_000;
/** A line that takes nothing of what waits for so many milliseconds is dead. */
const STUCK = 10_000;
/** How often that is looked at, in milliseconds. */
const CHECK = 2_000;
/** A connection that lasted this many milliseconds was healthy: the next wait is short again. */
const HEALTHY_AFTER = 10_000;
/**
 * After a connection broke, the server may take its dead end for a publisher for so many milliseconds: that the name is
 * taken then is no reason to give up.
 */
const OWN_SHADOW = 20_000;

/** The close codes of PROTOCOL.md that are about publishing. */
export const Code = Object.freeze({ protocol: 4300, taken: 4303, takenOver: 4304, codec: 4305 });

/**
 * @typedef {object} UplinkHandlers
 * @property {() => void} onopen frames may be sent, to a server that knows nothing of them
 * @property {(reply: import('./publish-message.js').Reply) => void} onreply
 * @property {(answers: boolean) => void} ondown the connection is gone, or could not be made; another one follows. It says
 *   whether the server answers at all
 * @property {(code: number, reason: string) => void} onfail the server wants nothing of this publisher; it is over
 */

/** The connection of a publisher to its server, made again when it is lost. */
export class Uplink {
  #url;
  #handlers;
  #WebSocket;
  #fetch;
  #clock;
  #backoff;
  /** @type {WebSocket | null} */
  #socket = null;
  #openedAt = -1;
  #liveAt = -1;
  #lostAt = -Infinity;
  #timer = 0;
  #given = 0;
  #taken = 0;
  #movedAt = 0;
  #question = 0;
  #closed = true;

  /**
   * @param {string} url a ws or wss URL
   * @param {UplinkHandlers} handlers
   * @param {{WebSocket: new (url: string, protocol: string) => WebSocket, fetch: typeof globalThis.fetch,
   *   clock: import('./clock.js').Clock, random?: () => number}} environment
   */
  constructor(url, handlers, { WebSocket, fetch, clock, random }) {
    this.#url = url;
    this.#handlers = handlers;
    this.#WebSocket = WebSocket;
    this.#fetch = fetch;
    this.#clock = clock;
    this.#backoff = new Backoff(random);
  }

  /** How many bytes wait for the line. */
  get bufferedAmount() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Begins to connect. */
  open() {
    this.#closed = false;
    this.#dial();
  }

  /** Connects at once where there is a wait. */
  retryNow() {
    if (!this.#closed && !this.#socket) this.#dial();
  }

  /**
   * Sends a message; without a connection it is lost.
   *
   * @param {string | ArrayBuffer} message
   */
  send(message) {
    if (this.#openedAt < 0) return;
    this.#given += typeof message === 'string' ? message.length : message.byteLength;
    this.#socket?.send(message);
  }

  /** Ends it; the server is told that the stream is over. */
  close() {
    this.#closed = true;
    if (this.#openedAt >= 0) this.#socket?.send(END_MESSAGE);
    this.#drop(1000);
  }

  #dial() {
    this.#clock.clearTimeout(this.#timer);
    const socket = new this.#WebSocket(this.#url, PUBLISH_PROTOCOL);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#lost(event.code, event.reason);
    this.#timer = this.#clock.setTimeout(() => this.#lost(0, ''), DIAL_TIMEOUT);
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket.protocol !== PUBLISH_PROTOCOL) {
      this.#fail(Code.protocol, 'the server takes no streams from browsers');
      return;
    }
    this.#openedAt = this.#movedAt = this.#clock.now();
    this.#given = this.#taken = 0;
    this.#watch();
    this.#handlers.onopen();
  }

  /** @param {unknown} data */
  #received(data) {
    const reply = parseReply(data);
    if (!reply) return;
    if (reply.type === 'live') this.#liveAt = this.#clock.now();
    this.#handlers.onreply(reply);
  }

  /** A page is not told when the other side is gone without a word; but then nothing leaves. */
  #watch() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      const now = this.#clock.now();
      // What waits may grow all the same.
      const taken = this.#given - this.bufferedAmount;
      if (this.bufferedAmount === 0 || taken > this.#taken) this.#movedAt = now;
      this.#taken = taken;
      if (now - this.#movedAt >= STUCK) this.#lost(0, '');
      else this.#watch();
    }, CHECK);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lost(code, reason) {
    const now = this.#clock.now();
    const opened = this.#openedAt >= 0;
    if (this.#liveAt >= 0) {
      this.#lostAt = now;
      if (now - this.#liveAt >= HEALTHY_AFTER) this.#backoff.reset();
    }
    const shadow = code === Code.taken && now - this.#lostAt < OWN_SHADOW;
    if (code >= 4300 && code < 4400 && !shadow) {
      this.#fail(code, reason);
      return;
    }
    this.#drop(1000);
    if (opened) this.#again(true);
    else void this.#ask();
  }

  /** Finds out why there was no connection. */
  async #ask() {
    const question = ++this.#question;
    const { verdict, text } = await askWhy(this.#url.replace(/^ws/, 'http'), this.#fetch);
    // Somebody may have closed it, or tried again, meanwhile.
    if (this.#closed || this.#socket || question !== this.#question) return;
    const shadow = this.#clock.now() - this.#lostAt < OWN_SHADOW;
    if (verdict === 'unwilling') this.#fail(Code.protocol, text);
    else if (verdict === 'taken' && !shadow) this.#fail(Code.taken, text);
    else this.#again(verdict !== 'unreachable');
  }

  /** @param {boolean} answers whether there is a server */
  #again(answers) {
    this.#timer = this.#clock.setTimeout(() => this.#dial(), this.#backoff.next());
    this.#handlers.ondown(answers);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #fail(code, reason) {
    this.#closed = true;
    this.#drop(1000);
    this.#handlers.onfail(code, reason);
  }

  /** @param {number} code */
  #drop(code) {
    this.#clock.clearTimeout(this.#timer);
    this.#openedAt = this.#liveAt = -1;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }
}

/**
 * Returns the WebSocket URL to publish at.
 *
 * @param {string} url http, https, ws or wss, or relative to base
 * @param {string} base
 * @returns {string}
 * @throws {TypeError} for what is no such URL
 */
export function publishURL(url, base) {
  const address = webSocketURL(url, base);
  if (!address) throw new TypeError(`${url} is no address to publish at`);
  return address;
}

/**
 * Returns the URL with a name for this publisher, by which the server knows it when it comes back: while it still takes the
 * former connection for alive, the new one replaces that.
 *
 * @param {string} url
 * @param {string} [session] nothing where the browser cannot make one
 * @returns {string}
 */
export function withSession(url, session) {
  const named = new URL(url);
  if (session) named.searchParams.set('session', session);
  return named.href;
}
