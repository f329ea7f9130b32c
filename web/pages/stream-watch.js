import { webSocketURL } from '../address.js';
import { Backoff } from '../backoff.js';
import { systemClock } from '../clock.js';
import { PROTOCOL } from '../message.js';
import { MAX_STREAMS, fetchStreams, parseEntry, sortStreams } from './stream-list.js';

/** The largest message. */
const MAX_NOTICE = 64 << 10;
/** The list is asked for again after this many milliseconds while nothing tells of its changes. */
const POLL = 2_000;
/**
 * It is asked for after this many milliseconds even where changes are told: how many view a stream is not told, and
 * of a server that is gone without a word nobody tells.
 */
const CHECK = 5_000;
/** Changes that come within this many milliseconds are shown together. */
const TOGETHER = 50;
/** So many answers in a row that do not agree with what was told say that nothing is told any more. */
const DISAGREEMENTS = 3;
/** A watch that lasted this many milliseconds was healthy: the next wait is short again. */
const HEALTHY_AFTER = 10_000;

/** @typedef {import('./stream-list.js').StreamEntry} StreamEntry */

/**
 * What a StreamWatch tells its owner.
 *
 * @typedef {object} WatchHandlers
 * @property {(streams: StreamEntry[]) => void} onchange this is the list now, ordered by name
 * @property {() => void} onerror the server does not answer; it is asked again
 */

/**
 * Keeps an edge's list of streams up to date. The server tells each change over a WebSocket (PROTOCOL.md); while
 * there is none, because something on the way does not let it through, the list is asked for now and then. It begins
 * with open, and can be closed and opened again.
 */
export class StreamWatch {
  #url;
  #base;
  #handlers;
  #WebSocket;
  #fetch;
  #clock;
  #backoff;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, StreamEntry>} */
  #streams = new Map();
  #synced = false;
  #disagreed = 0;
  #openedAt = -1;
  #open = false;
  #asked = 0;
  #pollTimer = 0;
  #dialTimer = 0;
  #showTimer = 0;

  /**
   * @param {string} url of the list
   * @param {string} base what the URL is relative to
   * @param {WatchHandlers} handlers
   * @param {import('../connection.js').Environment} [environment]
   */
  constructor(url, base, handlers, environment = {}) {
    this.#url = url;
    this.#base = base;
    this.#handlers = handlers;
    this.#WebSocket = environment.WebSocket ?? globalThis.WebSocket;
    this.#fetch = environment.fetch ?? ((...args) => globalThis.fetch(...args));
    this.#clock = environment.clock ?? systemClock;
    this.#backoff = new Backoff(environment.random);
  }

  /** Begins to watch. */
  open() {
    if (this.#open) return;
    this.#open = true;
    this.#dial();
    void this.#poll();
  }

  /** Stops until open. */
  close() {
    this.#open = false;
    this.#clock.clearTimeout(this.#pollTimer);
    this.#clock.clearTimeout(this.#dialTimer);
    this.#drop();
  }

  #dial() {
    const url = webSocketURL(this.#url, this.#base);
    if (!url) return;
    const socket = new this.#WebSocket(url, PROTOCOL);
    this.#socket = socket;
    socket.onopen = () => (this.#openedAt = this.#clock.now());
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = () => this.#lost();
  }

  #lost() {
    const told = this.#synced;
    this.#drop();
    this.#dialTimer = this.#clock.setTimeout(() => this.#dial(), this.#backoff.next());
    // From now on changes are not told: look whether there is a server at all.
    if (told) void this.#poll();
  }

  #drop() {
    if (this.#openedAt >= 0 && this.#clock.now() - this.#openedAt >= HEALTHY_AFTER) this.#backoff.reset();
    this.#clock.clearTimeout(this.#showTimer);
    this.#showTimer = 0;
    this.#synced = false;
    this.#disagreed = 0;
    this.#openedAt = -1;
    this.#streams = new Map();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  /** @param {unknown} data */
  #received(data) {
    const notice = parseNotice(data);
    if (!notice || !this.#apply(notice) || this.#showTimer) return;
    this.#showTimer = this.#clock.setTimeout(() => this.#show(), TOGETHER);
  }

  #show() {
    this.#showTimer = 0;
    this.#handlers.onchange(sortStreams([...this.#streams.values()]));
  }

  /**
   * Reports whether there is something to show.
   *
   * @param {any} notice
   * @returns {boolean}
   */
  #apply(notice) {
    switch (notice.type) {
      case 'stream': {
        const entry = parseEntry(notice.stream);
        const room = this.#streams.size < MAX_STREAMS || this.#streams.has(entry?.name ?? '');
        if (!entry || !room) return false;
        this.#streams.set(entry.name, { ...entry, viewers: entry.viewers || (this.#streams.get(entry.name)?.viewers ?? 0) });
        return this.#synced;
      }
      case 'gone':
        return this.#streams.delete(notice.name) && this.#synced;
      case 'synced':
        this.#synced = true;
        return true;
      default:
        return false;
    }
  }

  /** Asks for the list, and again after a while. */
  async #poll() {
    this.#clock.clearTimeout(this.#pollTimer);
    const asked = ++this.#asked;
    const streams = await fetchStreams(this.#url, this.#fetch).catch(() => null);
    // Another question is under way.
    if (asked !== this.#asked || !this.#open) return;
    if (streams) this.#answered(streams);
    else this.#unanswered();
    this.#pollTimer = this.#clock.setTimeout(() => void this.#poll(), this.#synced ? CHECK : POLL);
  }

  /** @param {StreamEntry[]} streams */
  #answered(streams) {
    // A connection that is dead on the way may look open for ever.
    this.#disagreed = this.#synced && !this.#agrees(streams) ? this.#disagreed + 1 : 0;
    if (this.#disagreed >= DISAGREEMENTS) this.#lost();
    if (!this.#synced) {
      this.#handlers.onchange(streams);
      return;
    }
    // What is told is hardly ever older than an answer, which counts for nothing but the viewers then.
    for (const { name, viewers } of streams) {
      const known = this.#streams.get(name);
      if (known) this.#streams.set(name, { ...known, viewers });
    }
    this.#show();
  }

  /** @param {StreamEntry[]} streams */
  #agrees(streams) {
    return streams.length === this.#streams.size && streams.every(({ name }) => this.#streams.has(name));
  }

  #unanswered() {
    if (this.#socket && this.#openedAt >= 0) this.#lost();
    this.#handlers.onerror();
  }
}

/**
 * @param {unknown} data
 * @returns {any} an object, or null
 */
function parseNotice(data) {
  if (typeof data !== 'string' || data.length > MAX_NOTICE) return null;
  try {
    const value = JSON.parse(data);
    return typeof value === 'object' ? value : null;
  } catch {
    // The next one may be better, and the list is asked for anyway.
    return null;
  }
}
