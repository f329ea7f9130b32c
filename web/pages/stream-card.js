import { dom } from '../dom.js';
import { codecName, count } from '../format.js';
import { icon } from '../icons.js';
import { Preview } from './preview.js';

/** @typedef {import('./stream-list.js').StreamEntry} StreamEntry */

/** The card of one stream in the overview: it links to the stream's page, and can be picked for the multi-view. */
export class StreamCard {
  /** The list item. */
  element;
  /** The moving picture. */
  preview;
  /** The name of the stream. */
  name;

  #state = dom('span', { class: 'state' });
  #facts = dom('span', { class: 'facts' });
  #pick = dom('input', { type: 'checkbox' });
  /** @type {StreamEntry | null} */
  #entry = null;

  /**
   * @param {string} name of the stream
   * @param {() => void} onpick the card was picked, or is not any more
   */
  constructor(name, onpick) {
    this.name = name;
    this.preview = new Preview(name, () => this.#refresh());
    const screen = dom('span', { class: 'screen' }, this.preview.element, icon('play'), this.#state);
    const about = dom('span', { class: 'about' }, dom('span', { class: 'name' }, name), this.#facts);
    const link = dom('a', { class: 'link', href: `live/${name}` }, screen, about);
    const label = dom('label', { class: 'pick', title: 'Watch together with others' }, this.#pick);
    this.#pick.setAttribute('aria-label', `Watch ${name} together with others`);
    this.#pick.addEventListener('change', onpick);
    this.element = dom('li', { class: 'card' }, link, label);
  }

  /** Whether the card is picked. */
  get isPicked() {
    return this.#pick.checked;
  }

  set isPicked(value) {
    this.#pick.checked = value;
  }

  /**
   * Shows how the stream stands.
   *
   * @param {StreamEntry} entry
   */
  show(entry) {
    this.#entry = entry;
    this.#refresh();
  }

  #refresh() {
    const entry = this.#entry;
    if (!entry) return;
    this.element.dataset.state = entry.live ? 'live' : 'idle';
    // The preview itself is a viewer for the server, but not for people.
    const viewers = entry.viewers - (this.preview.state === 'moving' ? 1 : 0);
    set(this.#state, entry.live ? 'Live' : 'Ready');
    set(this.#facts, this.preview.note || describe(entry, viewers));
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {StreamEntry} entry
 * @param {number} viewers
 * @returns {string}
 */
function describe({ tracks }, viewers) {
  const videos = tracks.filter((track) => track.kind === 'video').sort((a, b) => (b.height ?? 0) - (a.height ?? 0));
  const audio = tracks.find((track) => track.kind === 'audio');
  const parts = [
    videos[0]?.height ? `${videos[0].width} × ${videos[0].height}` : '',
    [videos[0], audio].map((track) => (track ? codecName(track.codec) : '')).filter(Boolean).join(' + '),
    viewers > 0 ? count(viewers, 'viewer') : '',
  ];
  return parts.filter(Boolean).join(' · ') || 'Starts when it is looked at';
}
