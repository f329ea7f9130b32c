import { recall, remember } from './memory.js';

/** What is kept for the next page of the same host. */
const KEY = 'livews-sound';

/**
 * What a viewer has chosen of the sound.
 *
 * @typedef {object} Sound
 * @property {boolean} muted
 * @property {number} volume 0 to 1
 */

/**
 * Returns what the viewer chose last, or null where that is not known.
 *
 * @param {import('./memory.js').Store} [storage]
 * @returns {Sound | null}
 */
export function recallSound(storage) {
  const { muted, volume } = recall(KEY, storage);
  const isSound = typeof muted === 'boolean' && typeof volume === 'number' && volume >= 0 && volume <= 1;
  return isSound ? { muted, volume } : null;
}

/**
 * Keeps what the viewer has chosen.
 *
 * @param {Sound} sound
 * @param {import('./memory.js').Store} [storage]
 */
export function rememberSound({ muted, volume }, storage) {
  remember(KEY, { muted, volume }, storage);
}
