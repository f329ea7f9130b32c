/** The most streams in one multi-view. */
export const MOST_STREAMS = 16;

/**
 * What a multi-view shows, and what its address says.
 *
 * @typedef {object} MultiView
 * @property {string[]} streams their names, in their order, each once
 * @property {string} [sound] the one that is heard, if any
 * @property {string} [big] the one that is larger than the others, if any
 */

/**
 * Returns what the query of an address asks for, as in s=cam1&s=cam2&sound=cam1: as far as it makes sense.
 *
 * @param {string} query
 * @returns {MultiView}
 */
export function parseMulti(query) {
  const params = new URLSearchParams(query);
  const streams = [...new Set(params.getAll('s'))].filter(isStreamName).slice(0, MOST_STREAMS);
  const among = (/** @type {string | null} */ name) => (name !== null && streams.includes(name) ? name : undefined);
  return { streams, sound: among(params.get('sound')), big: among(params.get('big')) };
}

/**
 * Returns the query that asks for a multi-view.
 *
 * @param {MultiView} view
 * @returns {string}
 */
export function formatMulti({ streams, sound, big }) {
  const pairs = streams.slice(0, MOST_STREAMS).map((name) => ['s', name]);
  if (sound) pairs.push(['sound', sound]);
  if (big) pairs.push(['big', big]);
  // The characters of a name need no escape but "/", which is allowed in a query, and easier to read.
  return pairs.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%2F', '/')}`).join('&');
}

/**
 * Reports whether a text can be the name of a stream.
 *
 * @param {string} name
 * @returns {boolean}
 */
export function isStreamName(name) {
  const parts = name.split('/');
  return name.length <= 255 && parts.length <= 16 && parts.every((part) => /^[\w.~-]+$/.test(part) && part !== '.' && part !== '..');
}
