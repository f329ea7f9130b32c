import { dom } from './dom.js';
import { IconButton } from './icon-button.js';
import { StatsHistory } from './stats-history.js';
import { statsRows } from './stats-rows.js';

/** @typedef {import('./player.js').Player} Player */

/** The figures are read again after this many milliseconds. */
const REFRESH = 500;
/** And the server is asked again for the way by which the stream comes. */
const ASK = 10_000;
/** The plot's own units. */
const WIDTH = 240;
const HEIGHT = 48;
/** What these keys do where the figures have the focus: they scroll. */
const SCROLLING = ['ArrowUp', 'ArrowDown', ' '];
const SVG = 'http://www.w3.org/2000/svg';

/** Figures of the playback over the picture, and a plot of the latency in the last minute. */
export class StatsPanel {
  element;

  #player;
  #history = new StatsHistory();
  #line = document.createElementNS(SVG, 'path');
  #top = dom('span', { class: 'top' });
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();
  #list = dom('dl');
  #timer = 0;
  #askedAt = -Infinity;

  /**
   * @param {Player} player
   * @param {() => void} onclose the viewer does not want it any more
   */
  constructor(player, onclose) {
    this.#player = player;
    const close = new IconButton('close', 'Close statistics (i)', onclose);
    const plot = dom('div', { class: 'plot', role: 'img', 'aria-label': 'Latency in the last minute' }, this.#draw(), this.#top);
    // It can have the focus, so that those without a mouse can scroll it.
    const scroll = dom('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Figures' }, plot, this.#list);
    scroll.addEventListener('keydown', (event) => SCROLLING.includes(event.key) && event.stopPropagation());
    const head = dom('div', { class: 'head' }, dom('span', {}, 'Statistics'), close.element);
    this.element = dom('section', { class: 'stats', part: 'stats', 'aria-label': 'Statistics', hidden: '' }, head, scroll);
    this.element.addEventListener('keydown', (event) => event.key === 'Escape' && onclose());
  }

  /** Shows it, and keeps it true. */
  show() {
    if (this.#timer) return;
    this.#history = new StatsHistory();
    this.element.hidden = false;
    this.#timer = Number(setInterval(() => this.#refresh(), REFRESH));
    this.#refresh();
  }

  /** Hides it. */
  hide() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.element.hidden = true;
  }

  #draw() {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(this.#line);
    return svg;
  }

  #refresh() {
    if (document.hidden) return;
    const { stats } = this.#player;
    const now = performance.now();
    this.#history.add(stats, now);
    if (now - this.#askedAt >= ASK) {
      this.#askedAt = now;
      void this.#player.locate();
    }
    this.#line.setAttribute('d', this.#history.path(WIDTH, HEIGHT));
    this.#top.textContent = `${this.#history.top} ms`;
    for (const [name, value] of statsRows(stats, this.#history.bitrate)) this.#set(name, value);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #set(name, value) {
    let field = this.#values.get(name);
    if (!field) {
      field = dom('dd');
      this.#values.set(name, field);
      this.#list.append(dom('div', {}, dom('dt', {}, name), field));
    }
    if (field.textContent !== value) field.textContent = value;
  }
}
