/** How long an answer may take, in milliseconds, and how many characters of it are read. */
const TIMEOUT = 5_000;
const MOST = 64 << 10;
/** The most nodes of a path, and what their names are made of. */
const MAX_NODES = 16;
const NODE = /^[A-Za-z0-9._~-]{1,64}$/;

/**
 * By which way a stream comes, as its server says.
 *
 * @typedef {object} Way
 * @property {string} edge what the server calls itself
 * @property {number} hops how many connections there are between the ingress and it
 */

/** By which way a stream comes, as far as that has been asked. */
export class Path {
  /** @type {Way | null} */
  #way = null;

  /** What is known of it. */
  get facts() {
    return { edge: this.#way?.edge ?? '', hops: this.#way?.hops ?? null };
  }

  /**
   * Asks the server over HTTP. Never throws.
   *
   * @param {string} address of the stream, ws or wss
   * @param {typeof globalThis.fetch} [fetch]
   */
  async ask(address, fetch = (...args) => globalThis.fetch(...args)) {
    this.#way = await askPath(address.replace(/^ws/, 'http'), fetch);
  }
}

/**
 * Asks a server by which way a stream comes. Returns null where it does not say. Never throws.
 *
 * @param {string} url the http or https form of the stream's address
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Way | null>}
 */
export async function askPath(url, fetch) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, { headers: { Accept: 'application/json' }, cache: 'no-store', signal });
    return response.ok ? parsePath(await read(response)) : null;
  } catch {
    // No network, no CORS, no time, no JSON: then it is not known.
    return null;
  }
}

/**
 * Reads as much of an answer as may be.
 *
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function read({ body }) {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const { done, value = '' } = (await reader?.read()) ?? { done: true };
    text += value;
    if (done) return text;
    if (text.length <= MOST) continue;
    await reader?.cancel();
    return '';
  }
}

/**
 * @param {string} text
 * @returns {Way | null}
 */
function parsePath(text) {
  const { path } = JSON.parse(text);
  const isPath = Array.isArray(path) && path.length > 0 && path.length <= MAX_NODES && path.every((node) => NODE.test(node));
  return isPath ? { edge: path[0], hops: path.length - 1 } : null;
}
