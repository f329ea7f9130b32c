import { MseEngine } from './mse-engine.js';
import { parseLatency } from './profile.js';

/** @typedef {import('./engine.js').Engine} Engine */

/** @typedef {typeof import('./codec-engine.js').CodecEngine} CodecEngine */

/**
 * Holds the engine that plays: the one that is asked for if the browser can, else that of Media Source Extensions. That
 * of WebCodecs is loaded when it is asked for: without it, a page begins sooner.
 */
export class EngineChoice {
  /**
   * The engine, while one is open.
   *
   * @type {Engine | null}
   */
  engine = null;
  /** What to tell a viewer who does not get the engine that was asked for, or ''. */
  note = '';
  #video;
  #handlers;
  #clock;
  #profile = parseLatency('');
  /**
   * The engine of WebCodecs, once it has been loaded.
   *
   * @type {CodecEngine | null}
   */
  #Codec = null;
  /** Counts what was opened and closed. */
  #turn = 0;
  /** Whether the engine that is on its way is to begin paused. */
  #held = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./engine.js').EngineHandlers} handlers of which onunsupported should call fallBack
   * @param {import('./clock.js').Clock} clock
   */
  constructor(video, handlers, clock) {
    this.#video = video;
    this.#handlers = handlers;
    this.#clock = clock;
  }

  /** What plays, in words; empty while nothing does. */
  get name() {
    if (!this.engine) return '';
    return this.#isCodec ? 'WebCodecs' : 'Media Source';
  }

  /** Whether the engine is that of WebCodecs. */
  get #isCodec() {
    return this.#Codec !== null && this.engine instanceof this.#Codec;
  }

  /**
   * Opens the engine of a mode: `webcodecs`, or anything else for Media Source Extensions. Where it has to be loaded
   * first, it is there when the promise that is returned is kept, unless close was called meanwhile.
   *
   * @param {string | null} mode
   * @param {import('./profile.js').Profile} profile how near the live edge to be
   * @returns {Promise<void> | null}
   */
  open(mode, profile) {
    this.#profile = profile;
    if (mode === 'webcodecs' && !this.#Codec) return this.#load(++this.#turn);
    const missing = mode === 'webcodecs' ? (this.#Codec?.missing ?? null) : 'not asked for';
    this.#use(missing === null ? this.#Codec : null);
    this.note = mode === 'webcodecs' && missing !== null ? because(missing) : '';
    return null;
  }

  /** @param {number} turn */
  async #load(turn) {
    let failed = false;
    try {
      this.#Codec = (await import('./codec-engine.js')).CodecEngine;
    } catch {
      failed = true;
    }
    if (turn !== this.#turn) return;
    this.open(failed ? 'mse' : 'webcodecs', this.#profile);
    if (failed) this.note = because('it could not be loaded');
  }

  /** @param {CodecEngine | null} Codec */
  #use(Codec) {
    this.engine = new (Codec ?? MseEngine)(this.#video, this.#handlers, this.#clock, this.#profile.margin);
    if (this.#profile.budget) this.engine.aim(this.#profile);
    if (this.#held) this.engine.pause();
    this.#held = false;
  }

  /**
   * Opens the engine of Media Source Extensions in place of the other, as paused as that was, if it is not open.
   *
   * @param {string} reason
   */
  fallBack(reason) {
    if (!this.#isCodec) return;
    const wasPaused = this.engine?.paused;
    this.engine?.close();
    this.open('mse', this.#profile);
    if (wasPaused) this.engine?.pause();
    this.note = because(reason);
  }

  /**
   * Changes how near the live edge to be.
   *
   * @param {import('./profile.js').Profile} profile
   */
  aim(profile) {
    this.#profile = profile;
    this.engine?.aim(profile);
  }

  /** Plays on. */
  play() {
    this.#held = false;
    this.engine?.play();
  }

  /** Pauses: where the engine is still on its way, it begins so. */
  pause() {
    this.#held = this.engine === null;
    this.engine?.pause();
  }

  /** Closes the engine. */
  close() {
    this.#turn++;
    this.#held = false;
    this.engine?.close();
    this.engine = null;
    this.note = '';
  }
}

/** @param {string} reason */
function because(reason) {
  return `Media Source instead of WebCodecs: ${reason}`;
}
