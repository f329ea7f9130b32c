/** How long an answer may take, in milliseconds. */
const TIMEOUT = 5_000;
/** The longest wait that a server may ask for, in milliseconds. */
const MAX_RETRY_AFTER = 30_000;

/**
 * Why a stream cannot be had: 'lost' the connection broke, 'not-found' the server does not know the stream,
 * 'unavailable' the server cannot reach the stream's source, 'refused' the server is there but does not take the
 * WebSocket, 'unreachable' there is no answer at all.
 *
 * @typedef {'lost' | 'not-found' | 'unavailable' | 'refused' | 'unreachable'} Cause
 */

/**
 * @typedef {object} Finding
 * @property {Cause} cause
 * @property {number} retryAfter the wait that the server asks for in milliseconds, or 0
 */

/**
 * Asks over HTTP why a WebSocket did not open: a page is not told its status. Never throws.
 *
 * @param {string} url the http or https form of the stream's address
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Finding>}
 */
export async function probe(url, fetch) {
  let response;
  try {
    response = await fetch(url, {
      headers: { Accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT),
    });
    await response.body?.cancel();
  } catch {
    // Whatever keeps the answer away (no network, no CORS, no time), the page can say no more than that.
    return { cause: 'unreachable', retryAfter: 0 };
  }
  return { cause: causeOf(response.status), retryAfter: retryAfter(response) };
}

/**
 * @param {number} status
 * @returns {Cause}
 */
function causeOf(status) {
  if (status === 404) return 'not-found';
  if (status >= 500) return 'unavailable';
  return 'refused';
}

/**
 * @param {Response} response
 * @returns {number}
 */
function retryAfter(response) {
  const seconds = Number(response.headers.get('Retry-After') ?? 0);
  return seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER) : 0;
}
