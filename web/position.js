/**
 * The place of a chunk in its track, given once by the ingress. See "Words" in PROTOCOL.md.
 *
 * @typedef {object} Position
 * @property {number} epoch rises whenever the ingress starts again
 * @property {number} group counts the groups of an epoch
 * @property {number} chunk counts the chunks of a group
 */

const POSITION = /^(\d{1,10})\.(\d{1,10})\.(\d{1,10})$/;
const MAX_UINT32 = 0xffffffff;

/**
 * Returns a negative number if p lies before q, a positive one if it lies after q, and 0 if they are the same.
 * Positions of different tracks do not compare.
 *
 * @param {Position} p
 * @param {Position} q
 * @returns {number}
 */
export function comparePositions(p, q) {
  return p.epoch - q.epoch || p.group - q.group || p.chunk - q.chunk;
}

/**
 * Returns the text form, `EPOCH.GROUP.CHUNK`.
 *
 * @param {Position} p
 * @returns {string}
 */
export function formatPosition(p) {
  return `${p.epoch}.${p.group}.${p.chunk}`;
}

/**
 * Parses the text form. Returns null for everything else.
 *
 * @param {unknown} text
 * @returns {Position | null}
 */
export function parsePosition(text) {
  const match = typeof text === 'string' && POSITION.exec(text);
  if (!match) return null;
  const [epoch, group, chunk] = match.slice(1).map(Number);
  if (Math.max(epoch, group, chunk) > MAX_UINT32) return null;
  return { epoch, group, chunk };
}
