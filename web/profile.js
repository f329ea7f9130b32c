/**
 * How near the live edge a viewer wants to be.
 *
 * @typedef {object} Profile
 * @property {number} margin how much media is to lie ahead when it is least, in seconds
 * @property {number} budget for how long the server may keep what has come, in milliseconds; 0: not at all
 */

/** @type {Record<string, Profile>} */
const PROFILES = {
  low: { margin: 0.04, budget: 0 },
  balanced: { margin: 0.07, budget: 0 },
  smooth: { margin: 0.3, budget: 0 },
};

/** The bounds of a latency that is given as a time, in milliseconds. */
const LEAST = 100;
const MOST = 30_000;
/** The longest that a server keeps what has come, in milliseconds. */
const MOST_BUDGET = 5_000;

/**
 * Returns the profile of a name (low, balanced, smooth) or of a time, as in 200ms, 1.5s or 200, which is in
 * milliseconds: half of that the server may use in order to send more at once, the rest lies ahead in the browser.
 * Anything else, the empty text too, is balanced.
 *
 * @param {string | null} text
 * @returns {Profile}
 */
export function parseLatency(text) {
  const [, number, unit] = /^(\d{1,5}(?:\.\d{1,3})?)(ms|s)?$/.exec(text ?? '') ?? [];
  if (!number) return Object.hasOwn(PROFILES, text ?? '') ? PROFILES[text ?? ''] : PROFILES.balanced;
  const ms = Math.min(Math.max(Number(number) * (unit === 's' ? 1000 : 1), LEAST), MOST);
  const budget = Math.min(Math.round(ms / 2), MOST_BUDGET);
  return { margin: (ms - budget) / 1000, budget };
}
