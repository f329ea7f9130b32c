import { dom } from './dom.js';
import { icon, setIcon } from './icons.js';

/** @typedef {import('./icons.js').IconName} IconName */

/** A button which shows an icon, and says in words what it does. */
export class IconButton {
  #icon;

  /**
   * @param {IconName} name
   * @param {string} label
   * @param {() => void} onclick
   */
  constructor(name, label, onclick) {
    this.#icon = icon(name);
    this.element = dom('button', { type: 'button', class: 'icon' }, this.#icon);
    this.element.addEventListener('click', onclick);
    this.set(name, label);
  }

  /**
   * Changes what it shows and says. The label may name its key, as in "Mute (m)".
   *
   * @param {IconName} name
   * @param {string} label
   */
  set(name, label) {
    setIcon(this.#icon, name);
    this.element.title = label;
    this.element.setAttribute('aria-label', label.replace(/ \(.*\)$/, ''));
  }
}
