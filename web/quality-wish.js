/** @typedef {import('./quality-list.js').Quality} Quality */

/**
 * What a viewer wants: one rendition, by the number of its track or by its height, or the automatic choice, with an
 * upper limit perhaps.
 *
 * @typedef {{id?: number, height?: number, max?: number}} Wish
 */

const HEIGHT = /^(max-)?(\d{1,5})p?$/;

/**
 * Parses what a page says: `auto`, `480p`, or `max-720p` for the automatic choice up to that height. Everything else
 * is auto.
 *
 * @param {string | null} text
 * @returns {Wish}
 */
export function parseWish(text) {
  const match = HEIGHT.exec(text ?? '');
  if (!match) return {};
  const height = Number(match[2]);
  return match[1] ? { max: height } : { height };
}

/**
 * Returns the rendition that a wish fixes: of several numbers that one, else the highest that is not higher than the
 * height, else the lowest. Null: the automatic choice.
 *
 * @param {Wish} wish
 * @param {Quality[]} qualities the best one first
 * @returns {Quality | null}
 */
export function findWished({ id, height }, qualities) {
  if (id === undefined && height === undefined) return null;
  const same = qualities.find((quality) => quality.id === id);
  // A stream that has begun anew may have given the number to another one.
  if (same && (height === undefined || same.height === height)) return same;
  if (height === undefined) return null;
  return qualities.find((quality) => (quality.height ?? 0) <= height) ?? qualities.at(-1) ?? null;
}
