/** How long an answer may take, in milliseconds. */
const TIMEOUT = 5_000;
/** The longest answer that is read, in characters. */
const MAX_ANSWER = 4 << 10;

/**
 * What a server says to one who could not connect: 'unreachable' nothing; 'unwilling' it does not let this page publish,
 * for a reason in the text; 'taken' somebody else publishes under the name; 'later' it may be worth trying again.
 *
 * @typedef {{verdict: 'unreachable' | 'unwilling' | 'taken' | 'later', text: string}} Answer
 */

/**
 * Asks over HTTP why a WebSocket did not open: a page is not told its status. An empty POST publishes nothing, and is
 * answered as a publisher would be (PROTOCOL.md). Never throws.
 *
 * @param {string} url the http or https form of the address to publish at
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Answer>}
 */
export async function askWhy(url, fetch) {
  try {
    const response = await fetch(url, { method: 'POST', cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) });
    const text = reasonIn((await response.text()).slice(0, MAX_ANSWER));
    if (response.status === 409) return { verdict: 'taken', text };
    const unwilling = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
    return { verdict: unwilling ? 'unwilling' : 'later', text };
  } catch {
    // Whatever keeps the answer away (no network, no CORS, no time), the page can say no more than that.
    return { verdict: 'unreachable', text: '' };
  }
}

/**
 * Returns the error of an answer in JSON, or else its text.
 *
 * @param {string} answer
 * @returns {string}
 */
function reasonIn(answer) {
  try {
    const { error } = JSON.parse(answer);
    return typeof error === 'string' ? error : '';
  } catch {
    // A proxy on the way may say it in its own form, which is no reason to show a page of HTML.
    return answer.startsWith('<') ? '' : answer.trim();
  }
}
