/** What the names of all settings begin with. */
const PREFIX = 'livews.';

/**
 * Returns what a viewer has chosen before on this computer, or null.
 *
 * @param {string} name
 * @returns {string | null}
 */
export function loadSetting(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // a browser may forbid that
  }
}

/**
 * Keeps a viewer's choice, if the browser allows it.
 *
 * @param {string} name
 * @param {string} value
 */
export function saveSetting(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds for this visit, then.
  }
}
