import { MultiCell } from './multi-cell.js';
import { MOST_STREAMS } from './multi-address.js';
import { layOut } from './mosaic-layout.js';

/** @typedef {import('./multi-address.js').MultiView} MultiView */

/**
 * Several streams side by side: one of them at most is heard, and one at most is larger than the others.
 *
 * Events: `change` when its view does.
 */
export class Mosaic extends EventTarget {
  #element;
  /** @type {MultiCell[]} */
  #cells = [];
  /** @type {MultiCell | null} */
  #heard = null;
  /** @type {MultiCell | null} */
  #big = null;

  /** @param {HTMLElement} element that takes the cells in */
  constructor(element) {
    super();
    this.#element = element;
    new ResizeObserver(() => this.#layOut()).observe(element.parentElement ?? element);
    globalThis.addEventListener('resize', () => this.#layOut());
  }

  /** What is shown. @returns {MultiView} */
  get view() {
    return { streams: this.#cells.map((cell) => cell.name), sound: this.#heard?.name, big: this.#big?.name };
  }

  set view({ streams, sound, big }) {
    const before = new Map(this.#cells.map((cell) => [cell.name, cell]));
    this.#cells = streams.slice(0, MOST_STREAMS).map((name) => before.get(name) ?? this.#newCell(name));
    for (const cell of before.values()) if (!this.#cells.includes(cell)) cell.element.remove();
    // Whatever is in its place stays there: a player that is moved begins anew.
    this.#cells.forEach(({ element }, i) => {
      if (this.#element.children[i] !== element) this.#element.insertBefore(element, this.#element.children[i] ?? null);
    });
    this.#heard = this.#find(sound);
    this.#big = this.#find(big);
    this.#refresh();
  }

  /** The number of cells. */
  get size() {
    return this.#cells.length;
  }

  /** The cell which has the focus, or null. */
  get focused() {
    return this.#cells.find((cell) => cell.element.contains(document.activeElement)) ?? null;
  }

  /**
   * The cell of this number, from 0 on, or null.
   *
   * @param {number} i
   */
  at(i) {
    return this.#cells[i] ?? null;
  }

  /**
   * Lets one be heard, and no other; once more: none.
   *
   * @param {MultiCell | null} cell
   */
  hear(cell) {
    this.#heard = this.#heard === cell ? null : cell;
    this.#refresh();
  }

  /**
   * Makes one larger than the others; once more: none.
   *
   * @param {MultiCell} cell
   */
  enlarge(cell) {
    this.#big = this.#big === cell ? null : cell;
    this.#refresh();
  }

  /**
   * Takes one out. The next one gets the focus.
   *
   * @param {MultiCell} cell
   */
  remove(cell) {
    const i = this.#cells.indexOf(cell);
    const hadFocus = this.focused === cell;
    const { streams, sound, big } = this.view;
    const without = (/** @type {string | undefined} */ name) => (name === cell.name ? undefined : name);
    this.view = { streams: streams.filter((name) => name !== cell.name), sound: without(sound), big: without(big) };
    if (hadFocus) (this.#cells[i] ?? this.#cells.at(-1))?.element.focus();
  }

  /**
   * Moves the focus to the nearest cell in a direction, or to the first one where none has it.
   *
   * @param {number} x -1 left, 1 right
   * @param {number} y -1 up, 1 down
   */
  moveFocus(x, y) {
    const from = this.focused;
    if (!from) {
      this.#cells[0]?.element.focus();
      return;
    }
    const origin = center(from.element);
    const distance = (/** @type {MultiCell} */ cell) => {
      const to = center(cell.element);
      const [along, aside] = x ? [(to.x - origin.x) * x, to.y - origin.y] : [(to.y - origin.y) * y, to.x - origin.x];
      return along > 1 ? along + 2 * Math.abs(aside) : Infinity;
    };
    const [nearest] = this.#cells.filter((cell) => distance(cell) < Infinity).sort((a, b) => distance(a) - distance(b));
    nearest?.element.focus();
  }

  /**
   * @param {string | undefined} name
   * @returns {MultiCell | null}
   */
  #find(name) {
    return this.#cells.find((cell) => cell.name === name) ?? null;
  }

  /**
   * @param {string} name
   * @returns {MultiCell}
   */
  #newCell(name) {
    /** @type {MultiCell} */
    const cell = new MultiCell(name, {
      hear: () => this.hear(cell),
      heard: () => this.#heard !== cell && this.hear(cell),
      enlarge: () => this.enlarge(cell),
      remove: () => this.remove(cell),
    });
    return cell;
  }

  #refresh() {
    for (const cell of this.#cells) {
      cell.isHeard = cell === this.#heard;
      cell.isBig = cell === this.#big;
      cell.isSmall = cell !== this.#big && this.size > 1;
    }
    this.#element.toggleAttribute('data-big', this.#big !== null);
    this.#layOut();
    this.dispatchEvent(new Event('change'));
  }

  #layOut() {
    const isFull = document.fullscreenElement === this.#element;
    const { top } = this.#element.getBoundingClientRect();
    const width = isFull ? innerWidth : (this.#element.parentElement?.clientWidth ?? 0);
    const height = innerHeight - (isFull ? 0 : top + scrollY + 16);
    const { columns, cellWidth } = layOut(this.#cells.length, width, height);
    this.#element.style.setProperty('--columns', String(columns));
    this.#element.style.setProperty('--cell', `${cellWidth}px`);
    this.#element.style.setProperty('--others', String(Math.max(1, this.#cells.length - 1)));
    this.#element.style.setProperty('--room', `${Math.max(0, Math.floor(height))}px`);
  }
}

/** @param {Element} element */
function center(element) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}
