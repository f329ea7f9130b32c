import { dom } from './dom.js';
import { IconButton } from './icon-button.js';

const STYLE = new URL('./livews-extras.css', import.meta.url).href;

/** @typedef {import('./player.js').Player} Player */
/** @typedef {HTMLElement & {statsShown: boolean}} Host */

/**
 * The settings menu and the panel of statistics. What they are made of is loaded when somebody wants to see it, and
 * not before there is a picture.
 */
export class Extras {
  /** What opens the menu. */
  button;

  #host;
  #player;
  #root;
  /** @type {Promise<unknown> | null} */
  #style = null;
  /** @type {import('./menu.js').Menu | null} */
  #menu = null;
  /** @type {import('./stats-panel.js').StatsPanel | null} */
  #panel = null;
  #wantsStats = false;
  #isOpen = false;

  /**
   * @param {Host} host the custom element
   * @param {Player} player
   */
  constructor(host, player) {
    this.#host = host;
    this.#player = player;
    this.#root = dom('div', { class: 'extras' });
    this.button = new IconButton('settings', 'Settings', () => this.#toggleMenu());
    this.button.element.setAttribute('aria-haspopup', 'menu');
    this.button.element.setAttribute('aria-expanded', 'false');
    // Else the press takes the focus from the menu, which closes it, and the click opens it again.
    this.button.element.addEventListener('pointerdown', (event) => this.#isOpen && event.preventDefault());
    this.button.element.addEventListener('mousedown', (event) => this.#isOpen && event.preventDefault());
  }

  /** What holds both. */
  get element() {
    return this.#root;
  }

  /** Whether the menu is open. */
  get isOpen() {
    return this.#isOpen;
  }

  /**
   * Whether the statistics are wanted.
   *
   * @param {boolean} on
   */
  set stats(on) {
    this.#wantsStats = on;
    this.refresh();
  }

  /** Shows what was wanted before there was a picture. */
  refresh() {
    if (!this.#wantsStats) this.#panel?.hide();
    else if (this.#panel) this.#panel.show();
    else if (!this.#player.isEmpty) this.#loadPanel().catch(() => {});
  }

  /** Closes the menu, where a press beside it says so. Reports whether it was open. */
  dismiss() {
    const wasOpen = this.#isOpen;
    this.#closeMenu(false);
    return wasOpen;
  }

  /** Stops what goes on by itself. */
  close() {
    this.#panel?.hide();
    this.#closeMenu(false);
  }

  async #loadPanel() {
    const [{ StatsPanel }] = await Promise.all([import('./stats-panel.js'), this.#styled()]);
    if (this.#panel) return;
    this.#panel = new StatsPanel(this.#player, () => this.#closePanel());
    this.#root.append(this.#panel.element);
    if (this.#host.isConnected) this.refresh();
  }

  /** The focus was in the panel, and would be lost with it. */
  #closePanel() {
    this.#host.statsShown = false;
    this.button.element.focus();
  }

  #toggleMenu() {
    if (this.#isOpen) this.#closeMenu(true);
    else this.#openMenu().catch(() => this.#closeMenu(false));
  }

  async #openMenu() {
    this.#setOpen(true);
    const [{ Menu }, { settings }] = await Promise.all([import('./menu.js'), import('./settings.js'), this.#styled()]);
    // It may have been closed again in the meantime.
    if (!this.#isOpen) return;
    if (!this.#menu) {
      this.#menu = new Menu('Settings', (isKey) => this.#closeMenu(isKey));
      this.#root.append(this.#menu.element);
    }
    this.#menu.show(settings(this.#host, this.#player, this.#player.textTracks));
  }

  /** @param {boolean} isKey whether the button is to have the focus */
  #closeMenu(isKey) {
    if (!this.#isOpen) return;
    this.#setOpen(false);
    if (isKey) this.button.element.focus();
    this.#menu?.hide();
  }

  /** @param {boolean} on */
  #setOpen(on) {
    this.#isOpen = on;
    this.button.element.setAttribute('aria-expanded', String(on));
  }

  /** The style sheet of both is there. */
  #styled() {
    this.#style ??= new Promise((resolve) => {
      const link = dom('link', { rel: 'stylesheet', href: STYLE });
      // Without it they are ugly, but there.
      for (const type of ['load', 'error']) link.addEventListener(type, resolve);
      this.#root.append(link);
    });
    return this.#style;
  }
}
