import { ownWish, subscriptionURL, withLatency } from './address.js';
import { Addresses } from './addresses.js';
import { Backoff } from './backoff.js';
import { systemClock } from './clock.js';
import { Link } from './link.js';
import { probe } from './probe.js';

/** A connection that brought something for this many milliseconds was healthy: the next wait is short again. */
const HEALTHY_AFTER = 10_000;
/** The wait, before its random factor, until another address is tried. */
const NEXT_WAIT = 200;
/** The longest wait, before its random factor, of an owner who begins again. */
const RESTART_WAIT = 1_000;
/** A connection that brings nothing for this many milliseconds after the page was away may be dead. */
const DOUBT_AFTER = 500;
/** The wait, before its random factor, for a stream that has never been there; it may come. */
const NOT_FOUND_WAIT = 5_000;

/** @typedef {import('./probe.js').Cause} Cause */

/**
 * What a Connection asks its owner, and tells it.
 *
 * @typedef {object} Handlers
 * @property {() => Map<number, import('./position.js').Position>} after the position of the last chunk that is
 *   there, by track: a new connection goes on with what follows
 * @property {() => void} onopen the connection is there
 * @property {(data: ArrayBuffer, more: boolean) => void} onsegment a binary message has come, and the server says that
 *   it has more ready
 * @property {(gap: import('./message.js').Gap) => void} ongap chunks do not come
 * @property {() => void} onmove another connection has taken the place of the one before, as the server wished
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
 * backoff until the stream ends or close is called. Each connection goes on where the one before broke off. Where a
 * server sends its clients away, the next connection is there before the old one is let go: in between chunks come
 * twice. It begins with open.
 *
 * Where the stream has several addresses, the next one is tried when one does not work or the server says so, after
 * the last the first. One that refuses this client is not tried again.
 */
export class Connection {
  #addresses;
  #handlers;
  #environment;
  #fetch;
  #clock;
  #backoff;
  #restarts;
  /**
   * The one that what comes is taken from, and the one that shall follow it.
   *
   * @type {Link | null}
   */
  #link = null;
  /** @type {Link | null} */
  #next = null;
  /**
   * The one that may be dead.
   *
   * @type {Link | null}
   */
  #doubted = null;
  /** @type {number[] | null} */
  #tracks = null;
  /**
   * What shall follow them.
   *
   * @type {number[] | null}
   */
  #switch = null;
  #budget = 0;
  #closed = false;
  #known = false;
  #waiting = false;
  #retryTimer = 0;
  #moveTimer = 0;
  #doubtTimer = 0;

  /**
   * @param {string[]} urls ws or wss URLs of the stream, one at least
   * @param {Handlers} handlers
   * @param {Environment} [environment]
   */
  constructor(urls, handlers, environment = {}) {
    this.#addresses = new Addresses(urls);
    this.#handlers = handlers;
    this.#clock = environment.clock ?? systemClock;
    this.#environment = { WebSocket: environment.WebSocket ?? globalThis.WebSocket, clock: this.#clock };
    this.#fetch = environment.fetch ?? ((...args) => globalThis.fetch(...args));
    this.#backoff = new Backoff(environment.random);
    this.#restarts = new Backoff(environment.random, RESTART_WAIT);
  }

  /** The address of the stream that is in use, without what it is asked with. */
  get address() {
    return this.#addresses.current.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//');
  }

  /** Whether messages can come and go. */
  get isOpen() {
    return this.#link?.isOpened ?? false;
  }

  /** Connects. */
  open() {
    if (this.#closed || this.#link) return;
    this.#stopWaiting();
    this.#link = this.#dial();
  }

  /** Ends the connection for good. */
  close() {
    this.#closed = true;
    this.#drop();
  }

  /**
   * Says that the page was away: its machine slept, or the network was gone. Where it waits for the next attempt, that
   * comes at once. A connection may have died without a word: if it brings nothing now, another one is made.
   */
  wake() {
    if (this.#waiting) this.open();
    const link = this.#link;
    if (!link?.isOpened) return;
    this.#clock.clearTimeout(this.#doubtTimer);
    this.#doubtTimer = this.#clock.setTimeout(() => {
      if (link.silence < DOUBT_AFTER) return;
      this.#doubted = link;
      if (this.#next) return;
      this.#clock.clearTimeout(this.#moveTimer);
      this.#next = this.#dial();
    }, DOUBT_AFTER);
  }

  /** Begins again with all tracks, as after a failure: the owner has nothing any more that could be resumed. */
  restart() {
    this.#tracks = this.#switch = null;
    const link = this.#link;
    this.#dropNext();
    if (!link) return;
    this.#release(link);
    if (link.heardFor >= HEALTHY_AFTER) this.#restarts.reset();
    if (link.isOpened) this.#wait('lost', this.#restarts.next());
    else void this.#explain(false);
  }

  /**
   * Goes on with these tracks only, also on later connections, until restart.
   *
   * @param {number[]} tracks
   */
  select(tracks) {
    this.#tracks = tracks;
    this.#switch = null;
    this.#tell({ type: 'select', tracks });
  }

  /**
   * Goes on with these tracks only, from the end of a group on: until switched says that it is so, later connections
   * begin with those before.
   *
   * @param {number[]} tracks
   */
  switchTo(tracks) {
    this.#switch = tracks;
    this.#tell({ type: 'select', tracks, at: 'group' });
  }

  /**
   * Lets the server keep what has come for so long, in order to send more at once; also on later connections.
   *
   * @param {number} budget in milliseconds, a whole number up to 5000; 0: what the URL says
   */
  grant(budget) {
    if (budget === this.#budget) return;
    this.#budget = budget;
    this.#tell(this.#wish());
  }

  /** Says that the tracks of switchTo have come. */
  switched() {
    this.#tracks = this.#switch ?? this.#tracks;
    this.#switch = null;
  }

  /** @param {object} control */
  #tell(control) {
    for (const link of [this.#link, this.#next]) if (link?.isOpened) link.send(control);
  }

  /** All that is wanted of the server, in place of what was. */
  #wish() {
    const own = ownWish(withLatency(this.#addresses.current, this.#budget));
    const tracks = this.#switch ?? this.#tracks ?? own.tracks;
    return { type: 'select', tracks, ...(this.#switch && { at: 'group' }), latency: own.latency };
  }

  #dial() {
    const tracks = this.#tracks;
    const budget = this.#budget;
    const link = new Link(
      withLatency(subscriptionURL(this.#addresses.current, tracks ?? [], this.#handlers.after()), budget),
      {
        onopen: () => {
          this.#known = true;
          this.#addresses.worked();
          if (this.#tracks && this.#tracks !== tracks) link.send({ type: 'select', tracks: this.#tracks });
          if (this.#switch) link.send({ type: 'select', tracks: this.#switch, at: 'group' });
          if (this.#budget !== budget) link.send(this.#wish());
          if (link === this.#link) this.#handlers.onopen();
        },
        onmessage: (message, more) => this.#received(link, message, more),
        onclose: (code, reason) => this.#gone(link, code, reason),
      },
      this.#environment,
    );
    return link;
  }

  /**
   * @param {Link} link
   * @param {ArrayBuffer | import('./message.js').Control} message
   * @param {boolean} more
   */
  #received(link, message, more) {
    if (link === this.#next) this.#move();
    if (link === this.#doubted) this.#doubted = null;
    if (message instanceof ArrayBuffer) this.#handlers.onsegment(message, more);
    else if (message.type === 'gap') this.#handlers.ongap(message);
    else if (message.type === 'goaway') this.#goAway(link, message.delay);
  }

  /**
   * The server wants its clients to leave. One that says so of a connection that has only just been made must not
   * chase them round in circles.
   *
   * @param {Link} link
   * @param {number} delay in milliseconds
   */
  #goAway(link, delay) {
    if (this.#next) return;
    const wait = link.age >= HEALTHY_AFTER ? delay : Math.max(delay, this.#backoff.next());
    this.#clock.clearTimeout(this.#moveTimer);
    this.#moveTimer = this.#clock.setTimeout(() => {
      this.#addresses.next();
      this.#next = this.#dial();
    }, wait);
  }

  /** The first message has come by the next connection: what the old one would bring, comes by this one too. */
  #move() {
    const old = this.#link;
    this.#link = this.#next;
    this.#next = null;
    if (old) this.#release(old);
    this.#handlers.onmove();
  }

  /**
   * @param {Link} link
   * @param {number} code
   * @param {string} reason
   */
  #gone(link, code, reason) {
    if (link === this.#next) {
      this.#next = null;
      // The server that wants its clients to leave still serves them.
      if (this.#link !== this.#doubted) return;
    }
    if (this.#link) this.#release(this.#link);
    if (link.isEnded && code === 1000) {
      this.close();
      this.#handlers.onend();
    } else if (code >= 4300 && code < 4400 && !this.#addresses.remove()) {
      this.close();
      this.#handlers.onfail(reason || `The server has refused this player (${code})`);
    } else if (this.#next) {
      this.#link = this.#next;
      this.#next = null;
    } else {
      if (code >= 4200 && code < 4300 && link.isOpened) this.#addresses.next();
      void this.#explain(link.isOpened);
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
    const { cause, retryAfter } = await probe(this.#addresses.current.replace(/^ws/, 'http'), this.#fetch);
    if (!this.#waiting || this.#closed) return;
    if (this.#addresses.next()) this.#retry(cause, retryAfter);
    else this.#wait('unreachable', this.#backoff.spread(NEXT_WAIT));
  }

  /**
   * @param {Cause} cause
   * @param {number} atLeast milliseconds
   */
  #retry(cause, atLeast) {
    const unknown = cause === 'not-found' && !this.#known;
    this.#wait(cause, Math.max(this.#backoff.next(), unknown ? this.#backoff.spread(NOT_FOUND_WAIT) : atLeast));
  }

  /**
   * @param {Cause} cause
   * @param {number} wait milliseconds
   */
  #wait(cause, wait) {
    this.#stopWaiting();
    this.#waiting = true;
    this.#retryTimer = this.#clock.setTimeout(() => this.open(), wait);
    this.#handlers.ondown(cause, wait);
  }

  #stopWaiting() {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#waiting = false;
  }

  /** @param {Link} link that is of no more use */
  #release(link) {
    this.#clock.clearTimeout(this.#moveTimer);
    this.#clock.clearTimeout(this.#doubtTimer);
    if (link.heardFor >= HEALTHY_AFTER) this.#backoff.reset();
    if (link === this.#link) this.#link = null;
    link.close();
  }

  #dropNext() {
    this.#next?.close();
    this.#next = null;
  }

  #drop() {
    this.#stopWaiting();
    this.#dropNext();
    if (this.#link) this.#release(this.#link);
  }
}
