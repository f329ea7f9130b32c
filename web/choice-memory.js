import { recall, remember } from './memory.js';

/** What is kept for the next page of the same host. */
const KEY = 'livews-choices';
/** What can be kept: the values of the attributes of the same names. */
const LATENCY = /^(?:low|balanced|smooth|\d{1,5}(?:\.\d{1,3})?(?:ms|s)?)$/;
const QUALITY = /^(?:auto|\d{1,5}p)$/;

/**
 * What a viewer has chosen in the menu, as attributes of the element have it.
 *
 * @typedef {object} Choices
 * @property {string} [latency]
 * @property {string} [quality]
 */

/**
 * Returns what the viewer chose last, as far as that is known.
 *
 * @param {import('./memory.js').Store} [storage]
 * @returns {Choices}
 */
export function recallChoices(storage) {
  const { latency, quality } = recall(KEY, storage);
  /** @type {Choices} */
  const choices = {};
  if (typeof latency === 'string' && LATENCY.test(latency)) choices.latency = latency;
  if (typeof quality === 'string' && QUALITY.test(quality)) choices.quality = quality;
  return choices;
}

/**
 * Keeps one choice more.
 *
 * @param {Choices} choice
 * @param {import('./memory.js').Store} [storage]
 */
export function rememberChoice(choice, storage) {
  remember(KEY, { ...recallChoices(storage), ...choice }, storage);
}
