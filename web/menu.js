import { dom } from './dom.js';

/**
 * One thing to choose in a Menu.
 *
 * @typedef {object} Choice
 * @property {string} label
 * @property {boolean} checked
 * @property {() => void} choose
 */

/**
 * Several of them. Of a group with a title one is chosen; those of one without are on or off.
 *
 * @typedef {object} Group
 * @property {string} title may be empty
 * @property {Choice[]} choices
 */

/**
 * A menu after the pattern of WAI-ARIA: the focus is moved by arrow keys, Home and End, and by first letters; Escape and
 * Tab close it.
 */
export class Menu {
  element = dom('div', { class: 'menu', part: 'menu', role: 'menu', hidden: '' });

  #onclose;

  /**
   * @param {string} label says what it is for
   * @param {(isKey: boolean) => void} onclose it wants to be closed; by a key, so that its button is to have the focus
   */
  constructor(label, onclose) {
    this.#onclose = onclose;
    this.element.setAttribute('aria-label', label);
    this.element.addEventListener('keydown', (event) => this.#keyPressed(event));
    this.element.addEventListener('focusout', (event) => this.#left(event));
  }

  /** What can have the focus. */
  get #items() {
    return /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll('[role^=menuitem]')]);
  }

  /** @param {Group[]} groups */
  show(groups) {
    this.element.replaceChildren(...groups.map((group) => this.#group(group)));
    this.element.hidden = false;
    const items = this.#items;
    (items.find((item) => item.getAttribute('aria-checked') === 'true') ?? items[0])?.focus();
  }

  /** Hides it. */
  hide() {
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /** @param {Group} group */
  #group({ title, choices }) {
    const role = title ? 'menuitemradio' : 'menuitemcheckbox';
    const items = choices.map(({ label, checked, choose }) => {
      const item = dom('button', { type: 'button', role, tabindex: '-1', 'aria-checked': String(checked) }, label);
      item.addEventListener('click', () => {
        choose();
        this.#onclose(true);
      });
      return item;
    });
    if (!title) return dom('div', { role: 'group' }, ...items);
    return dom('div', { role: 'group', 'aria-label': title }, dom('p', { 'aria-hidden': 'true' }, title), ...items);
  }

  /** @param {KeyboardEvent} event */
  #keyPressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // The keys of the player have no meaning here.
    event.stopPropagation();
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      this.#onclose(true);
      return;
    }
    const next = this.#next(event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  /**
   * @param {string} key
   * @returns {HTMLElement | undefined}
   */
  #next(key) {
    const items = this.#items;
    const root = /** @type {ShadowRoot | Document} */ (this.element.getRootNode());
    const at = items.findIndex((item) => item === root.activeElement);
    if (key === 'ArrowDown') return items[(at + 1) % items.length];
    if (key === 'ArrowUp') return items.at(at < 1 ? -1 : at - 1);
    if (key === 'Home') return items[0];
    if (key === 'End') return items.at(-1);
    if (key.length !== 1 || key === ' ') return undefined;
    const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    return after.find((item) => item.textContent?.toLowerCase().startsWith(key.toLowerCase()));
  }

  /** @param {FocusEvent} event */
  #left({ relatedTarget }) {
    if (this.element.hidden || this.element.contains(/** @type {Node | null} */ (relatedTarget))) return;
    this.#onclose(false);
  }
}
