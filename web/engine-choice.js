import { CodecEngine } from './codec-engine.js';
import { MseEngine } from './mse-engine.js';
import { parseLatency } from './profile.js';

/** @typedef {import('./engine.js').Engine} Engine */

/** Holds the engine that plays: the one that is asked for if the browser can, else that of Media Source Extensions. */
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
    return this.engine instanceof CodecEngine ? 'WebCodecs' : 'Media Source';
  }

  /**
   * Opens the engine of a mode: `webcodecs`, or anything else for Media Source Extensions.
   *
   * @param {string | null} mode
   * @param {import('./profile.js').Profile} profile how near the live edge to be
   */
  open(mode, profile) {
    this.#profile = profile;
    const missing = mode === 'webcodecs' ? CodecEngine.missing : 'not asked for';
    const Engine = missing === null ? CodecEngine : MseEngine;
    this.engine = new Engine(this.#video, this.#handlers, this.#clock, profile.margin);
    if (profile.budget) this.engine.aim(profile);
    this.note = mode === 'webcodecs' && missing !== null ? because(missing) : '';
  }

  /**
   * Opens the engine of Media Source Extensions in place of the other, as paused as that was, if it is not open.
   *
   * @param {string} reason
   */
  fallBack(reason) {
    if (!(this.engine instanceof CodecEngine)) return;
    const wasPaused = this.engine.paused;
    this.engine.close();
    this.open('mse', this.#profile);
    if (wasPaused) this.engine.pause();
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

  /** Closes the engine. */
  close() {
    this.engine?.close();
    this.engine = null;
    this.note = '';
  }
}

/** @param {string} reason */
function because(reason) {
  return `Media Source instead of WebCodecs: ${reason}`;
}
