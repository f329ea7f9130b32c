import { dom } from '../dom.js';
import { icon, setIcon } from '../icons.js';
import { shape } from './shapes.js';

/** What is played where the picture is small and the stream has several renditions. */
const SMALL = 'max-480p';

/** @typedef {import('../element.js').LivewsPlayerElement} LivewsPlayerElement */

/**
 * What the viewer may want of a cell.
 *
 * @typedef {object} CellActions
 * @property {() => void} hear its sound is wanted, and no other; or not any more
 * @property {() => void} heard the player itself was asked for sound
 * @property {() => void} enlarge it is to be larger than the others, or not any more
 * @property {() => void} remove
 */

/** One stream of a multi-view: its player, its name, and what can be done with it. */
export class MultiCell {
  /** The element, which takes the keyboard's focus. */
  element;
  /** The name of the stream. */
  name;

  #player = /** @type {LivewsPlayerElement} */ (document.createElement('livews-player'));
  #actions;
  #sound;
  #soundIcon = icon('muted');
  #enlarge;

  /**
   * @param {string} name of the stream
   * @param {CellActions} actions
   */
  constructor(name, actions) {
    this.name = name;
    this.#actions = actions;
    this.#player.toggleAttribute('muted', true);
    this.#player.setAttribute('src', `live/${name}`);
    this.#sound = this.#button(this.#soundIcon, `Hear ${name}`, actions.hear);
    this.#enlarge = this.#button(shape('enlarge'), `Enlarge ${name}`, actions.enlarge);
    const open = dom('a', { class: 'icon', href: `live/${name}`, title: 'Open its page', 'aria-label': `Open the page of ${name}` }, shape('open'));
    const bar = dom('div', { class: 'bar' }, this.#sound, this.#enlarge, open, this.#button(shape('close'), `Remove ${name}`, actions.remove));
    const label = dom('span', { class: 'name' }, name);
    this.element = dom('section', { class: 'cell', tabindex: '0', 'aria-label': name }, this.#player, label, bar);
    this.#listen();
  }

  /** Lets it be heard or not. */
  set isHeard(/** @type {boolean} */ on) {
    if (this.#player.muted === on) this.#player.muted = !on;
    if (on && this.#player.paused) this.#player.play();
    setIcon(this.#soundIcon, on ? 'volume' : 'muted');
    this.#sound.setAttribute('aria-pressed', String(on));
    this.element.toggleAttribute('data-heard', on);
  }

  /** Makes it large or not. */
  set isBig(/** @type {boolean} */ on) {
    this.#enlarge.setAttribute('aria-pressed', String(on));
    this.element.toggleAttribute('data-big', on);
  }

  /** Whether the picture is small, so that a small rendition is good enough. */
  set isSmall(/** @type {boolean} */ on) {
    this.#player.setAttribute('quality', on ? SMALL : 'auto');
  }

  #listen() {
    // A click on the picture is for the sound here; what lies over it, as "Try again", still works.
    const onPicture = (/** @type {Event} */ event, /** @type {() => void} */ act) => {
      const target = event.composedPath()[0];
      if (!(target instanceof HTMLVideoElement || target instanceof HTMLCanvasElement)) return;
      event.stopPropagation();
      act();
    };
    this.element.addEventListener('pointerup', (event) => onPicture(event, () => {}), { capture: true });
    this.element.addEventListener('click', (event) => onPicture(event, this.#actions.hear), { capture: true });
    this.element.addEventListener('dblclick', (event) => onPicture(event, this.#actions.enlarge), { capture: true });
    this.#player.video.addEventListener('volumechange', () => {
      if (!this.#player.muted) this.#actions.heard();
    });
  }

  /**
   * @param {SVGSVGElement} content
   * @param {string} label
   * @param {() => void} onclick
   * @returns {HTMLButtonElement}
   */
  #button(content, label, onclick) {
    const button = dom('button', { type: 'button', class: 'icon', title: label, 'aria-label': label }, content);
    button.addEventListener('click', onclick);
    return button;
  }
}
