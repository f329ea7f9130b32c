/**
 * What the player takes time from. Tests put in one of their own.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds, never going back
 * @property {() => number} wall Unix time in milliseconds
 * @property {(call: () => void, ms: number) => number} setTimeout
 * @property {(id: number) => void} clearTimeout
 */

/** @type {Clock} */
export const systemClock = {
  now: () => performance.now(),
  wall: () => performance.timeOrigin + performance.now(),
  setTimeout: (call, ms) => Number(globalThis.setTimeout(call, ms)),
  clearTimeout: (id) => globalThis.clearTimeout(id),
};
