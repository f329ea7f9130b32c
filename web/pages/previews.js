import { systemClock } from '../clock.js';
import { loadSetting, saveSetting } from './setting.js';
import { Turns } from './turns.js';

/** So many previews move at once; if more can be seen they take turns. */
const MOST = 6;
/** A preview moves while so much of it can be seen. */
const SEEN = 0.3;
const SETTING = 'previews';

/** @typedef {import('./stream-card.js').StreamCard} StreamCard */

/**
 * Moves the pictures of the cards that can be seen, unless the viewer does not want that. Who has asked the system for
 * less motion or less data has to ask for it.
 */
export class Previews {
  #turns = new Turns(MOST, systemClock);
  /** @type {Map<Element, StreamCard>} */
  #cards = new Map();
  /** @type {Set<StreamCard>} */
  #seen = new Set();
  #observer = new IntersectionObserver((entries) => this.#observed(entries), { threshold: SEEN });
  #wanted = wantedAtFirst();

  constructor() {
    document.addEventListener('visibilitychange', () => this.#refreshAll());
  }

  /** Whether pictures move. */
  get areWanted() {
    return this.#wanted;
  }

  set areWanted(value) {
    this.#wanted = value;
    saveSetting(SETTING, value ? 'on' : 'off');
    this.#refreshAll();
  }

  /** @param {StreamCard} card */
  add(card) {
    this.#cards.set(card.element, card);
    this.#observer.observe(card.element);
    // Whoever points at a card wants to see it move.
    for (const type of ['pointerenter', 'focusin']) card.element.addEventListener(type, () => this.#turns.prefer(card.preview));
    for (const type of ['pointerleave', 'focusout']) card.element.addEventListener(type, () => this.#turns.prefer(null));
  }

  /** @param {StreamCard} card */
  remove(card) {
    this.#cards.delete(card.element);
    this.#observer.unobserve(card.element);
    this.#seen.delete(card);
    this.#refresh(card);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #observed(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(target);
      if (!card) continue;
      if (isIntersecting) this.#seen.add(card);
      else this.#seen.delete(card);
      this.#refresh(card);
    }
  }

  #refreshAll() {
    for (const card of this.#cards.values()) this.#refresh(card);
  }

  /** @param {StreamCard} card */
  #refresh(card) {
    if (this.#wanted && !document.hidden && this.#seen.has(card)) this.#turns.add(card.preview);
    else this.#turns.remove(card.preview);
  }
}

function wantedAtFirst() {
  const setting = loadSetting(SETTING);
  if (setting) return setting === 'on';
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  return !connection?.saveData && !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
