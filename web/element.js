import { webSocketURLs } from './address.js';
import { recallChoices } from './choice-memory.js';
import { Controls } from './controls.js';
import { dom, equip } from './dom.js';
import { takeVideo } from './early-media.js';
import { Player } from './player.js';
import { recallSound } from './sound-memory.js';

const STYLE = new URL('./livews-player.css', import.meta.url).href;

/**
 * The element `<livews-player>`: plays one live stream.
 *
 * Attributes, each with a property of the same name: `src`, the address of the stream, as ws, wss, http, https or
 * relative URL, or several with spaces between them, which are tried in this order where one does not work; `controls`,
 * to show some; `muted`, to start without sound; `latency`, how near the live edge to be: low, balanced (the default),
 * smooth, or a time from 100ms to 30s, half of which (at most 5 s) the server may use in order to send more at once,
 * which saves it work; `mode`, what to play with: mse (the default), Media Source Extensions, or webcodecs, which shows
 * a picture some 25 ms earlier, but has nothing to go back to (a pause ends at the live edge, `seekBy` and picture in
 * picture are not there) and wants a secure page. Where the browser or the codec cannot, mse plays, and `status.note`
 * says why; `quality`, which rendition of the picture to play where there are several: auto (the default), a height as in
 * 480p, or max-720p, the automatic choice up to that height; `stats`, to show figures of the playback over the
 * picture (property `statsShown`); `poster`, a picture to show until the stream has one. With controls, the element
 * remembers how loud the viewer wants it, and what quality and latency where the page does not say so, if the browser
 * lets it. Where the browser does not start with sound, the element
 * starts without, and says so.
 *
 * Events: `statechange` when `state` or what belongs to it changes; `playchange` when `paused` does; `volumechange` when
 * `muted` or `volume` does; `qualitychange` when `qualities`, `quality` or
 * `currentQuality` does; `error`, a CustomEvent whose detail is `{message, fatal}`; after a fatal one nothing more happens until `src` is set or `load` is called.
 *
 * Parts for style sheets: `video`, `controls`, `notice`, `menu`, `stats`.
 */
export class LivewsPlayerElement extends HTMLElement {
  static observedAttributes = ['src', 'controls', 'muted', 'latency', 'mode', 'quality', 'stats', 'poster'];

  #player;
  #controls;
  #video;
  #connected = false;
  #isNew = true;

  constructor() {
    super();
    // Firefox would stop there on the way through the page.
    this.#video = equip(takeVideo(), { part: 'video', playsinline: '', tabindex: '-1', 'aria-label': 'Live video' });
    this.#player = new Player(this.#video);
    this.#controls = new Controls(this, this.#player, this.#video);
    const root = this.attachShadow({ mode: 'open' });
    const style = dom('link', { rel: 'stylesheet', href: STYLE });
    // Until the style sheet is there, the controls would be a heap of buttons.
    this.#controls.root.hidden = true;
    style.addEventListener('load', () => (this.#controls.root.hidden = false));
    root.append(style, this.#controls.root);
    this.addEventListener('keydown', (event) => this.handleKey(event));
    for (const type of ['statechange', 'playchange', 'volumechange', 'qualitychange']) {
      this.#player.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    }
    this.#player.addEventListener('error', (event) => this.#forwardError(/** @type {CustomEvent} */ (event)));
  }

  connectedCallback() {
    this.#connected = true;
    if (this.#isNew && this.controls) this.#recall();
    this.#isNew = false;
    this.load();
    this.#controls.open();
  }

  disconnectedCallback() {
    this.#connected = false;
    this.#player.close();
    this.#controls.close();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} value
   */
  attributeChangedCallback(name, before, value) {
    if (['src', 'mode'].includes(name) && before !== value && this.#connected) this.load();
    if (name === 'controls') this.#controls.enabled = value !== null;
    if (name === 'stats') this.#controls.stats = value !== null;
    if (name === 'poster') this.#video.poster = value ?? '';
    if (name === 'muted') this.#player.muted = value !== null;
    if (name === 'latency' && before !== value) this.#player.latency = value;
    if (name === 'quality' && before !== value) this.#player.quality = value ?? 'auto';
  }

  /** The address of the stream. */
  get src() {
    return this.getAttribute('src') ?? '';
  }

  set src(value) {
    this.setAttribute('src', value);
  }

  /** Whether there are controls. */
  get controls() {
    return this.hasAttribute('controls');
  }

  set controls(value) {
    this.toggleAttribute('controls', value);
  }

  /** Whether figures of the playback are shown over the picture: the attribute `stats`. */
  get statsShown() {
    return this.hasAttribute('stats');
  }

  set statsShown(value) {
    this.toggleAttribute('stats', value);
  }

  /** The address of a picture that is shown until the stream has one. */
  get poster() {
    return this.getAttribute('poster') ?? '';
  }

  set poster(value) {
    this.setAttribute('poster', value);
  }

  /** Whether the sound is off. */
  get muted() {
    return this.#player.muted;
  }

  set muted(value) {
    this.#player.muted = value;
  }

  /** How near the live edge to be; empty: balanced. It can change while it plays. */
  get latency() {
    return this.#player.latency ?? '';
  }

  set latency(value) {
    this.setAttribute('latency', value);
    // The viewer may have chosen another one since the attribute was set to the same.
    this.#player.latency = value;
  }

  /** What it plays with; empty: Media Source Extensions. */
  get mode() {
    return this.getAttribute('mode') ?? '';
  }

  set mode(value) {
    this.setAttribute('mode', value);
  }

  /** The renditions of the picture that can be chosen, the best one first. */
  get qualities() {
    return this.#player.qualities;
  }

  /**
   * Which of them is wanted: the id of one, or `auto`. It can be set to what the attribute takes, too.
   *
   * @returns {number | string}
   */
  get quality() {
    return this.#player.quality;
  }

  set quality(value) {
    this.#player.quality = value;
  }

  /** The id of the rendition that is on the screen, or null. */
  get currentQuality() {
    return this.#player.currentQuality;
  }

  /** The volume, 0 to 1. */
  get volume() {
    return this.#player.volume;
  }

  set volume(value) {
    this.#player.volume = value;
  }

  /** Whether playback is paused. */
  get paused() {
    return this.#player.paused;
  }

  /** How playback stands, in one word: one of State in states.js. */
  get state() {
    return this.#player.status.state;
  }

  /** How playback stands, with what belongs to it. */
  get status() {
    return this.#player.status;
  }

  /** The video element, which shows the picture unless WebCodecs do. */
  get video() {
    return this.#video;
  }

  /** What shows the picture, for a screenshot: the video element, or a canvas. It changes when `mode` does. */
  get surface() {
    return this.#player.surface;
  }

  /** How playback goes, as of now: see Stats in player.js. */
  get stats() {
    return this.#player.stats;
  }

  /** Begins again with `src`. */
  load() {
    if (!this.src) {
      this.#player.close();
      return;
    }
    const urls = webSocketURLs(this.src, document.baseURI);
    this.#player.mode = this.getAttribute('mode');
    this.#player.load(urls);
  }

  /** Plays on. */
  play() {
    this.#player.play();
  }

  /** Pauses. */
  pause() {
    this.#player.pause();
  }

  /** Goes to the live edge. */
  goLive() {
    this.#player.goLive();
  }

  /**
   * Does what a key stands for. The element does so by itself while it has the focus; a page that is about nothing
   * but the player can hand it its own keys.
   *
   * @param {KeyboardEvent} event
   */
  handleKey(event) {
    this.#controls.handleKey(event);
  }

  /** All is as the viewer left it on the page before, but what this page says itself; one that wants silence gets it. */
  #recall() {
    const { latency, quality } = recallChoices();
    if (latency && !this.hasAttribute('latency')) this.#player.latency = latency;
    if (quality && !this.hasAttribute('quality')) this.#player.quality = quality;
    const sound = recallSound();
    if (!sound) return;
    this.#player.volume = sound.volume;
    if (sound.muted) this.#player.muted = true;
  }

  /** @param {CustomEvent} event */
  #forwardError(event) {
    this.dispatchEvent(new CustomEvent('error', { detail: event.detail }));
  }
}
