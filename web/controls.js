import { dom } from './dom.js';
import { Extras } from './extras.js';
import { IconButton } from './icon-button.js';
import { hasFullscreen, hasPictureInPicture, toggleFullscreen, togglePictureInPicture } from './screen.js';
import { rememberSound } from './sound-memory.js';
import { announce, badge, describe } from './states.js';

/** The controls hide after this many milliseconds. */
const HIDE_AFTER = 3_000;
/** What an arrow key does: seconds, and part of the volume. */
const SEEK_STEP = 5;
const VOLUME_STEP = 0.05;

/**
 * What the viewer sees and touches: the picture with a notice over it, and the controls. It asks the player how
 * things stand, and tells it what the viewer wants.
 */
export class Controls {
  /** The element that holds everything, the video included. */
  root;

  #host;
  #player;
  #video;
  #notice = dom('div', { class: 'notice', part: 'notice' });
  #title = dom('p', { class: 'title' });
  #text = dom('p', { class: 'text' });
  #retry;
  #start;
  #unmute;
  #play;
  #badge;
  #badgeText = new Text();
  #behind = dom('span', { class: 'behind' });
  #mute;
  #volume = dom('input', { type: 'range', min: '0', max: '100', step: '1', class: 'volume', 'aria-label': 'Volume' });
  #note = dom('p', { class: 'note' });
  #fullscreen;
  #extras;
  /** @type {HTMLElement | null} */
  #pip = null;
  #speech = dom('p', { class: 'speech', 'aria-live': 'polite' });
  #hiding = 0;
  /** Whether the press under way only closes the menu. */
  #dismisses = false;
  #listening = new AbortController();

  /**
   * @param {import('./extras.js').Host & {load: () => void}} host the custom element
   * @param {import('./player.js').Player} player
   * @param {HTMLVideoElement} video
   */
  constructor(host, player, video) {
    this.#host = host;
    this.#player = player;
    this.#video = video;
    this.#retry = this.#textButton('retry', 'Try again', () => host.load());
    this.#start = new IconButton('play', 'Play', () => player.goLive());
    this.#start.element.classList.add('start');
    this.#unmute = this.#textButton('unmute', 'Tap to unmute', () => this.#toggleMute());
    this.#play = new IconButton('pause', 'Pause (k)', () => this.#togglePlay());
    this.#badge = this.#textButton('badge', dom('span', {}, this.#badgeText, this.#behind), () => player.goLive());
    this.#mute = new IconButton('volume', 'Mute (m)', () => this.#toggleMute());
    this.#fullscreen = new IconButton('fullscreen', 'Full screen (f)', () => this.#toggleFullscreen());
    this.#extras = new Extras(host, player);
    this.#volume.addEventListener('input', () => this.#setVolume(Number(this.#volume.value) / 100));
    this.root = this.#build();
    this.#listen();
    this.refresh();
  }

  /**
   * Whether the controls are there. Notices are in any case.
   *
   * @param {boolean} on
   */
  set enabled(on) {
    this.root.toggleAttribute('data-controls', on);
  }

  /**
   * Whether the statistics are there.
   *
   * @param {boolean} on
   */
  set stats(on) {
    this.#extras.stats = on;
  }

  /** The element is taken out of its page. */
  close() {
    this.#listening.abort();
    clearTimeout(this.#hiding);
    this.#extras.close();
  }

  /** The element is in a page, perhaps again. */
  open() {
    this.#listening.abort();
    this.#listening = new AbortController();
    // The document would keep a player that is in no page any more.
    document.addEventListener('fullscreenchange', () => this.#refreshFullscreen(), { signal: this.#listening.signal });
    this.#refreshFullscreen();
    this.#extras.refresh();
  }

  /** Shows how things stand. */
  refresh() {
    const { status } = this.#player;
    const { paused } = this.#player;
    this.root.dataset.state = status.state;
    this.root.toggleAttribute('data-empty', this.#player.isEmpty);
    this.#refreshNotice(describe(status));
    this.#refreshBadge(badge(status, paused), status.behind);
    this.#play.set(paused ? 'play' : 'pause', paused ? 'Play (k)' : 'Pause (k)');
    this.#start.element.hidden = !this.#player.isBlocked;
    if (this.#pip) this.#pip.hidden = this.#player.surface !== this.#video;
    this.#note.textContent = status.note ?? '';
    this.#extras.refresh();
    this.#refreshSound();
    const speech = announce(status);
    if (this.#speech.textContent !== speech) this.#speech.textContent = speech;
    if (paused) this.#wake();
  }

  /**
   * Does what a key stands for.
   *
   * @param {KeyboardEvent} event
   */
  handleKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.#keyAction(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    const target = event.composedPath()[0];
    // These keys have a meaning of their own there.
    if (!action || (target instanceof HTMLButtonElement && event.key === ' ')) return;
    if (target instanceof HTMLInputElement && event.key.startsWith('Arrow')) return;
    event.preventDefault();
    action();
    this.#wake();
  }

  /**
   * @param {string} key
   * @returns {(() => void) | undefined}
   */
  #keyAction(key) {
    /** @type {Record<string, () => void>} */
    const actions = {
      ' ': () => this.#togglePlay(),
      k: () => this.#togglePlay(),
      m: () => this.#toggleMute(),
      f: () => this.#toggleFullscreen(),
      l: () => this.#player.goLive(),
      i: () => (this.#host.statsShown = !this.#host.statsShown),
      ArrowLeft: () => this.#player.seekBy(-SEEK_STEP),
      ArrowRight: () => this.#player.seekBy(SEEK_STEP),
      ArrowUp: () => this.#setVolume(this.#player.volume + VOLUME_STEP),
      ArrowDown: () => this.#setVolume(this.#player.volume - VOLUME_STEP),
    };
    return Object.hasOwn(actions, key) ? actions[key] : undefined;
  }

  #build() {
    this.#notice.append(dom('span', { class: 'spinner', 'aria-hidden': 'true' }), this.#title, this.#text, this.#retry);
    const sound = dom('div', { class: 'sound' }, this.#mute.element, this.#volume);
    const bar = dom('div', { class: 'bar' }, this.#play.element, this.#badge, sound, this.#note);
    bar.append(this.#extras.button.element);
    if (hasPictureInPicture(this.#video)) {
      const pip = new IconButton('pip', 'Picture in picture', () => this.#attempt(togglePictureInPicture(this.#video)));
      pip.element.classList.add('pip');
      this.#pip = pip.element;
      bar.append(pip.element);
    }
    if (hasFullscreen(this.#video)) bar.append(this.#fullscreen.element);
    const controls = dom('div', { class: 'controls', part: 'controls', role: 'group', 'aria-label': 'Player controls' }, bar);
    return dom('div', { class: 'frame' }, this.#video, this.#notice, this.#start.element, this.#unmute, controls, this.#extras.element, this.#speech);
  }

  #listen() {
    for (const type of ['statechange', 'playchange', 'volumechange']) {
      this.#player.addEventListener(type, () => this.refresh());
    }
    this.root.addEventListener('focusin', ({ target }) => target !== this.#video && this.#wake());
    this.root.addEventListener('pointermove', (event) => event.pointerType === 'mouse' && this.#wake());
    this.root.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#sleep());
    this.root.addEventListener('pointerdown', (event) => this.#pressed(event));
    this.root.addEventListener('pointerup', (event) => event.target === this.#player.surface && this.#tapped(event));
    this.root.addEventListener('dblclick', (event) => event.target === this.#player.surface && this.#toggleFullscreen());
  }

  /** @param {import('./states.js').Notice} notice */
  #refreshNotice({ title, text, busy, retry }) {
    this.#notice.hidden = title === '';
    this.#notice.toggleAttribute('data-busy', busy);
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#retry.hidden = !retry;
  }

  /**
   * @param {string} text
   * @param {number | undefined} behind
   */
  #refreshBadge(text, behind) {
    const live = text === 'Live';
    this.#badge.hidden = text === '';
    this.#badgeText.textContent = text;
    this.#behind.textContent = behind ? ` · −${behind} s` : '';
    this.#badge.title = live ? 'At the live edge' : 'Go to the live edge (l)';
    this.#badge.toggleAttribute('data-live', live);
    this.#badge.setAttribute('aria-disabled', String(live));
    this.#badge.setAttribute('aria-label', live ? 'Live' : `Go live${behind ? `, ${behind} seconds behind` : ''}`);
  }

  #refreshSound() {
    const { muted, volume } = this.#player;
    const off = muted || volume === 0;
    this.#mute.set(off ? 'muted' : 'volume', off ? 'Unmute (m)' : 'Mute (m)');
    this.#volume.value = String(muted ? 0 : Math.round(volume * 100));
    this.#volume.setAttribute('aria-valuetext', muted ? 'Muted' : `${Math.round(volume * 100)} %`);
    const isSilenced = this.#player.isMutedByBrowser && this.#player.hasAudio && !this.#player.isBlocked;
    // Under a notice there is nothing to hear.
    this.#unmute.hidden = !isSilenced || !this.#notice.hidden;
  }

  #refreshFullscreen() {
    const on = document.fullscreenElement === this.#host;
    this.root.toggleAttribute('data-fullscreen', on);
    this.#fullscreen.set(on ? 'shrink' : 'fullscreen', on ? 'Leave full screen (f)' : 'Full screen (f)');
  }

  #togglePlay() {
    if (this.#player.isBlocked || this.#player.paused) this.#player.goLive();
    else this.#player.pause();
  }

  #toggleMute() {
    this.#player.muted = !this.#player.muted;
    if (!this.#player.muted && this.#player.volume === 0) this.#player.volume = 0.5;
    rememberSound(this.#player);
  }

  /** @param {number} volume */
  #setVolume(volume) {
    this.#player.volume = Math.min(Math.max(volume, 0), 1);
    this.#player.muted = volume <= 0;
    rememberSound(this.#player);
  }

  #toggleFullscreen() {
    this.#attempt(toggleFullscreen(this.#host, this.#video));
  }

  /**
   * Lets a browser refuse what was only a wish.
   *
   * @param {Promise<void>} wish
   */
  #attempt(wish) {
    wish.catch(() => this.#wake());
  }

  /** @param {PointerEvent} event */
  #pressed({ target }) {
    this.#dismisses = target === this.#player.surface && this.#extras.dismiss();
  }

  /** @param {PointerEvent} event */
  #tapped(event) {
    if (this.#dismisses) return;
    if (event.pointerType === 'mouse') {
      if (event.button === 0) this.#togglePlay();
    } else if (this.root.hasAttribute('data-awake') && !this.#player.paused) {
      this.#sleep();
    } else {
      this.#wake();
    }
  }

  #wake() {
    this.root.toggleAttribute('data-awake', true);
    clearTimeout(this.#hiding);
    this.#hiding = Number(setTimeout(() => this.#sleep(), HIDE_AFTER));
  }

  #sleep() {
    clearTimeout(this.#hiding);
    // Who is in the menu needs to see where it belongs.
    if (!this.#player.paused && !this.#extras.isOpen) this.root.toggleAttribute('data-awake', false);
  }

  /**
   * @param {string} name
   * @param {string | Node} text
   * @param {() => void} onclick
   * @returns {HTMLButtonElement}
   */
  #textButton(name, text, onclick) {
    const button = dom('button', { type: 'button', class: name }, text);
    button.addEventListener('click', onclick);
    return button;
  }
}
