import { webSocketURL } from '../address.js';

/**
 * What a page of one's own needs to show a stream.
 *
 * @typedef {object} Snippets
 * @property {string} link the address of the stream's page
 * @property {string} frame HTML with the page to embed in a frame
 * @property {string} element HTML with the player as an element of the page
 */

/**
 * Returns the texts to copy for a stream.
 *
 * @param {string} name of the stream
 * @param {string} base the address of the edge's overview
 * @returns {Snippets}
 */
export function snippets(name, base) {
  const at = (/** @type {string} */ path) => new URL(path, base).href;
  const stream = webSocketURL(`live/${name}`, base) ?? '';
  return {
    link: at(`live/${name}`),
    frame:
      `<iframe src="${escape(at(`embed/${name}`))}" title="${escape(name)}, live" width="640" height="360" ` +
      'allow="autoplay; fullscreen; picture-in-picture" style="border: 0; max-width: 100%"></iframe>',
    element:
      `<script type="module" src="${escape(at('assets/livews-player.js'))}"></script>\n` +
      `<livews-player src="${escape(stream)}" controls></livews-player>`,
  };
}

/**
 * @param {string} text
 * @returns {string}
 */
function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
