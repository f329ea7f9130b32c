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
 * Returns what the viewer chose last, or null where that is not known: nothing was chosen, the browser keeps nothing for
 * this page, or what it kept makes no sense.
 *
 * @param {() => Pick<Storage, 'getItem'>} [storage] may throw, as a browser's does where cookies are forbidden
 * @returns {Sound | null}
 */
export function recallSound(storage = () => localStorage) {
  try {
    const { muted, volume } = JSON.parse(storage().getItem(KEY) ?? 'null') ?? {};
    const isSound = typeof muted === 'boolean' && typeof volume === 'number' && volume >= 0 && volume <= 1;
    return isSound ? { muted, volume } : null;
  } catch {
    return null;
  }
}

/**
 * Keeps what the viewer has chosen, where the browser lets a page do so.
 *
 * @param {Sound} sound
 * @param {() => Pick<Storage, 'setItem'>} [storage]
 */
export function rememberSound({ muted, volume }, storage = () => localStorage) {
  try {
    storage().setItem(KEY, JSON.stringify({ muted, volume }));
  } catch {
    // Without it the next page begins as any other.
  }
}
