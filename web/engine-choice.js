import { CodecEngine } from './codec-engine.js';
import { MseEngine } from './mse-engine.js';

/** @typedef {import('./engine.js').Engine} Engine */

/**
 * Makes the engine of a mode: `webcodecs` where the browser can, else that of Media Source Extensions.
 *
 * @param {string | null} mode
 * @param {HTMLVideoElement} video
 * @param {import('./engine.js').EngineHandlers} handlers
 * @param {import('./clock.js').Clock} clock
 * @param {number} margin how much media is to lie ahead when it is least, in seconds
 * @returns {{engine: Engine, note: string}} with what to tell a viewer who does not get the mode
 */
export function openEngine(mode, video, handlers, clock, margin) {
  const missing = mode === 'webcodecs' ? CodecEngine.missing : null;
  if (mode === 'webcodecs' && missing === null) return { engine: new CodecEngine(video, handlers, clock, margin), note: '' };
  return { engine: new MseEngine(video, handlers, clock, margin), note: missing === null ? '' : fallbackNote(missing) };
}

/**
 * Returns what to tell a viewer where WebCodecs do not work.
 *
 * @param {string} reason
 * @returns {string}
 */
export function fallbackNote(reason) {
  return `Media Source instead of WebCodecs: ${reason}`;
}
