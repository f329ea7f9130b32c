import { dom } from '../dom.js';

/** @typedef {import('../element.js').LivewsPlayerElement} LivewsPlayerElement */

const PROPERTIES = /** @type {const} */ ([
  'src',
  'state',
  'status',
  'paused',
  'muted',
  'volume',
  'latency',
  'mode',
  'qualities',
  'quality',
  'currentQuality',
  'controls',
  'statsShown',
  'poster',
]);

/** The table of all that a player tells of itself. */
export class PropertyTable {
  #player;
  #body;
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();

  /**
   * @param {LivewsPlayerElement} player
   * @param {HTMLElement} body of the table
   */
  constructor(player, body) {
    this.#player = player;
    this.#body = body;
  }

  /** Shows how things are now. */
  refresh() {
    const player = this.#player;
    for (const name of PROPERTIES) this.#set(name, player[name]);
    for (const [name, value] of Object.entries(player.stats)) this.#set(`stats.${name}`, value);
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  #set(name, value) {
    let cell = this.#cells.get(name);
    if (!cell) {
      cell = dom('td');
      this.#cells.set(name, cell);
      this.#body.append(dom('tr', {}, dom('th', { scope: 'row' }, name), cell));
    }
    const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : JSON.stringify(value);
    if (cell.textContent !== text) cell.textContent = text;
  }
}
