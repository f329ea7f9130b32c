import { dom } from '../dom.js';

/** @typedef {import('../element.js').LivewsPlayerElement} LivewsPlayerElement */

/** So many events are kept. */
const MOST = 100;

/**
 * What there is to say of each event.
 *
 * @type {Record<string, (player: LivewsPlayerElement, event: Event) => unknown>}
 */
const EVENTS = {
  statechange: ({ status }) => status,
  playchange: ({ paused }) => ({ paused }),
  volumechange: ({ muted, volume }) => ({ muted, volume }),
  qualitychange: ({ quality, currentQuality }) => ({ quality, currentQuality }),
  error: (_, event) => /** @type {CustomEvent} */ (event).detail,
};

/** The list of what a player has told, the newest first. */
export class EventList {
  #list;

  /**
   * @param {LivewsPlayerElement} player
   * @param {HTMLElement} list
   */
  constructor(player, list) {
    this.#list = list;
    for (const [type, describe] of Object.entries(EVENTS)) {
      player.addEventListener(type, (event) => this.#add(type, describe(player, event)));
    }
  }

  /** Forgets them. */
  clear() {
    this.#list.replaceChildren();
  }

  /**
   * @param {string} type
   * @param {unknown} facts
   */
  #add(type, facts) {
    const time = new Date().toISOString().slice(11, 23);
    this.#list.prepend(dom('li', {}, dom('time', {}, time), ' ', dom('b', {}, type), ' ', JSON.stringify(facts)));
    while (this.#list.children.length > MOST) this.#list.lastElementChild?.remove();
  }
}
