import { withBundles } from './address.js';
import { PROTOCOL } from './message.js';

/** Nobody has come for the socket after this many milliseconds: nobody will. */
const PATIENCE = 10_000;
/** How many bytes may wait for somebody who comes. */
const MAX_HELD = 32 << 20;
/** Where it is kept: the page's first script and the player share no module. */
const PLACE = Symbol.for('livews.early-socket');

/**
 * A WebSocket that was opened before the player was there, and what it has brought.
 *
 * @typedef {object} Early
 * @property {string} url of the stream
 * @property {WebSocket} socket
 * @property {unknown[]} held the data of the messages
 */

/**
 * @typedef {{[PLACE]?: Early & {drop: () => void}}} Scope
 */

/**
 * Opens a stream's WebSocket for the player that is still being loaded.
 *
 * @param {string} url of the stream
 * @param {{WebSocket?: new (url: string, protocol: string) => WebSocket, clock?: Pick<import('./clock.js').Clock, 'setTimeout' | 'clearTimeout'>}} [environment]
 */
export function openEarly(url, { WebSocket = globalThis.WebSocket, clock = globalThis } = {}) {
  const socket = new WebSocket(withBundles(url), PROTOCOL);
  /** @type {unknown[]} */
  const held = [];
  let bytes = 0;
  const scope = /** @type {Scope} */ (globalThis);
  const drop = () => {
    clock.clearTimeout(timer);
    delete scope[PLACE];
    socket.onmessage = null;
  };
  const timer = clock.setTimeout(() => leave(), PATIENCE);
  const leave = () => {
    drop();
    socket.close(1000);
  };
  socket.binaryType = 'arraybuffer';
  socket.onmessage = ({ data }) => {
    held.push(data);
    bytes += data.byteLength ?? data.length;
    if (bytes > MAX_HELD) leave();
  };
  scope[PLACE] = { url, socket, held, drop };
}

/**
 * Returns the WebSocket that was opened early for this address, once; null if there is none. One for another address
 * is closed: it is of no use.
 *
 * @param {string} url
 * @returns {Early | null}
 */
export function takeEarly(url) {
  const early = /** @type {Scope} */ (globalThis)[PLACE];
  if (!early) return null;
  early.drop();
  // CONNECTING or OPEN: one that has ended is for the owner to find out about by trying again.
  if (early.url === url && early.socket.readyState <= 1) return early;
  early.socket.close(1000);
  return null;
}
