import { dom } from '../dom.js';
import { codecName, count } from '../format.js';
import { icon } from '../icons.js';

/** @typedef {import('./stream-list.js').StreamEntry} StreamEntry */

/** The card of one stream in the overview; it links to the stream's page. */
export class StreamCard {
  /** The list item. */
  element;

  #card;
  #state = dom('span', { class: 'state' });
  #facts = dom('p', { class: 'facts' });

  /** @param {string} name of the stream */
  constructor(name) {
    const screen = dom('div', { class: 'screen' }, this.#state, icon('play'));
    const about = dom('div', { class: 'about' }, dom('p', { class: 'name' }, name), this.#facts);
    this.#card = dom('a', { class: 'card', href: `live/${name}` }, screen, about);
    this.element = dom('li', {}, this.#card);
  }

  /**
   * Shows how the stream stands.
   *
   * @param {StreamEntry} entry
   */
  show(entry) {
    this.#card.dataset.state = entry.live ? 'live' : 'idle';
    this.#state.textContent = entry.live ? 'Live' : 'Ready';
    this.#facts.textContent = facts(entry);
  }
}

/**
 * @param {StreamEntry} entry
 * @returns {string}
 */
function facts(entry) {
  const video = entry.tracks.find((track) => track.kind === 'video');
  const audio = entry.tracks.find((track) => track.kind === 'audio');
  const parts = [
    video?.height ? `${video.width} × ${video.height}` : '',
    [video, audio].map((track) => (track ? codecName(track.codec) : '')).filter(Boolean).join(' + '),
    entry.viewers ? count(entry.viewers, 'viewer') : '',
  ];
  return parts.filter(Boolean).join(' · ') || 'Starts when you open it';
}
