/**
 * What the browser keeps for the next page of the same host.
 *
 * @typedef {() => Pick<Storage, 'getItem' | 'setItem'>} Store gives the storage; it may throw, as a browser's does where
 *   cookies are forbidden
 */

/** @type {Store} */
const LOCAL = () => localStorage;

/**
 * Returns the fields that were kept under a name: none where nothing was, the browser keeps nothing for this page, or it
 * makes no sense. Everybody may have written them.
 *
 * @param {string} key
 * @param {Store} [storage]
 * @returns {Record<string, unknown>}
 */
export function recall(key, storage = LOCAL) {
  try {
    return { ...JSON.parse(storage().getItem(key) ?? 'null') };
  } catch {
    return {};
  }
}

/**
 * Keeps fields under a name, where the browser lets a page do so.
 *
 * @param {string} key
 * @param {Record<string, unknown>} fields
 * @param {Store} [storage]
 */
export function remember(key, fields, storage = LOCAL) {
  try {
    storage().setItem(key, JSON.stringify(fields));
  } catch {
    // Without it the next page begins as any other.
  }
}
