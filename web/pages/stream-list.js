import { checkTrackInfo } from '../message.js';

/** The most streams that are shown. */
export const MAX_STREAMS = 1000;
/** How long an answer may take, in milliseconds. */
const TIMEOUT = 5_000;

/**
 * A stream as the edge's list has it.
 *
 * @typedef {object} StreamEntry
 * @property {string} name
 * @property {boolean} live whether it is being served at the moment
 * @property {import('../message.js').TrackInfo[]} tracks empty where they are not known
 * @property {number} viewers
 */

/**
 * Asks an edge for its streams, ordered by name.
 *
 * @param {string} url of the list
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<StreamEntry[]>}
 */
export async function fetchStreams(url, fetch) {
  return parseStreams(await fetchJSON(url, fetch));
}

/**
 * Asks an edge for one stream, which is opened if it is not: its tracks are known then.
 *
 * @param {string} url of the stream
 * @param {typeof globalThis.fetch} [fetch]
 * @returns {Promise<StreamEntry | null>} null if the answer makes no sense
 */
export async function fetchStream(url, fetch = globalThis.fetch) {
  return parseEntry(await fetchJSON(url, fetch));
}

/**
 * @param {string} url
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<any>}
 */
async function fetchJSON(url, fetch) {
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return response.json();
}

/**
 * Returns the streams in an edge's answer; what makes no sense is left out.
 *
 * @param {any} value parsed JSON
 * @returns {StreamEntry[]}
 */
export function parseStreams(value) {
  const list = Array.isArray(value?.streams) ? value.streams.slice(0, MAX_STREAMS) : [];
  return sortStreams(list.map(parseEntry).filter((/** @type {StreamEntry | null} */ entry) => entry !== null));
}

/**
 * Puts streams in the order in which people look for them, and returns them.
 *
 * @param {StreamEntry[]} entries
 * @returns {StreamEntry[]}
 */
export function sortStreams(entries) {
  return entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/**
 * Returns one stream of an edge's answer, or null if it makes no sense.
 *
 * @param {any} value
 * @returns {StreamEntry | null}
 */
export function parseEntry(value) {
  if (typeof value?.name !== 'string' || value.name === '') return null;
  const tracks = Array.isArray(value.tracks) ? value.tracks.map(checkTrackInfo) : [];
  return {
    name: value.name,
    live: value.state === 'live',
    tracks: tracks.filter((/** @type {unknown} */ track) => track !== null),
    viewers: Number.isInteger(value.viewers) && value.viewers > 0 ? value.viewers : 0,
  };
}
