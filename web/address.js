import { formatPosition } from './position.js';

/**
 * Returns the WebSocket URL of a stream's address: ws and wss stay, http and https turn into them, and a relative
 * one is taken from base. Null if it is none of these.
 *
 * @param {string} src
 * @param {string} base
 * @returns {string | null}
 */
export function webSocketURL(src, base) {
  let url;
  try {
    url = new URL(src, base);
  } catch {
    return null;
  }
  url.hash = '';
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.protocol === 'ws:' || url.protocol === 'wss:' ? url.href : null;
}

/**
 * Returns the WebSocket URLs of a list of addresses with spaces between them, without those that are none.
 *
 * @param {string} list
 * @param {string} base
 * @returns {string[]}
 */
export function webSocketURLs(list, base) {
  const words = list.split(/\s+/).filter((word) => word);
  return words.map((word) => webSocketURL(word, base)).filter((url) => url !== null);
}

/**
 * Reports whether a browser lets a page connect to a WebSocket URL: one that came over https must not use ws, but to its
 * own machine.
 *
 * @param {string} url
 * @param {string} page the page's own address
 * @returns {boolean}
 */
export function mayConnect(url, page) {
  if (!page.startsWith('https:') || !url.startsWith('ws:')) return true;
  const { hostname } = new URL(url);
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * Says why there is nothing to connect to.
 *
 * @param {string[]} urls those to which a browser does not let the page connect
 * @returns {string}
 */
export function noAddress(urls) {
  return urls.length ? 'A page that came over https can only have streams of wss: addresses, not of ws:' : 'This is not the address of a stream';
}

/**
 * Returns the URL of a subscription which goes on after what is there already. What the stream's own URL asks for
 * besides stays as it is.
 *
 * @param {string} url of the stream
 * @param {number[]} tracks those wanted; empty: what the URL says
 * @param {Map<number, import('./position.js').Position>} after the last position of each track; empty: none
 * @returns {string}
 */
export function subscriptionURL(url, tracks, after) {
  if (!tracks.length && !after.size) return url;
  const subscription = new URL(url);
  if (tracks.length) subscription.searchParams.set('tracks', tracks.join(','));
  const positions = [...after].map(([track, position]) => `${track}:${formatPosition(position)}`);
  if (positions.length) subscription.searchParams.set('after', positions.join(','));
  return subscription.href;
}

/**
 * Returns what the URL of a stream asks for, as a select of PROTOCOL.md has it: no tracks are all, no latency is none.
 *
 * @param {string} url
 * @returns {{tracks: number[], latency: string}}
 */
export function ownWish(url) {
  const { searchParams } = new URL(url);
  const tracks = (searchParams.get('tracks') ?? '').split(',').map(Number).filter((track) => track > 0);
  return { tracks, latency: searchParams.get('latency') ?? '' };
}

/**
 * Returns the URL of a subscription that may begin with bundles: see unbundle. All else is as it was.
 *
 * @param {string} url
 * @returns {string}
 */
export function withBundles(url) {
  return `${url}${url.includes('?') ? '&' : '?'}bundle=1`;
}

/**
 * Returns the URL of a stream with a latency budget, which is how long the server may keep what has come in order to
 * send more at once.
 *
 * @param {string} url of the stream
 * @param {number} budget in milliseconds, a whole number up to 5000; 0: none
 * @returns {string}
 */
export function withLatency(url, budget) {
  if (!budget) return url;
  const budgeted = new URL(url);
  budgeted.searchParams.set('latency', `${budget}ms`);
  return budgeted.href;
}
