/** Where it is kept: the page's first script and the player share no module. */
const PLACE = Symbol.for('livews.early-media');

/**
 * A video element with a MediaSource that a browser opens while the player is still being loaded.
 *
 * @typedef {object} EarlyMedia
 * @property {HTMLVideoElement} video
 * @property {MediaSource} source
 * @property {boolean} taken whether the video is in use
 */

/** @typedef {{[PLACE]?: EarlyMedia}} Scope */

/** Makes a video for the player that is still being loaded. A ManagedMediaSource would not open without a player's care. */
export function openEarlyMedia() {
  if (!globalThis.MediaSource) return;
  const source = new MediaSource();
  const video = document.createElement('video');
  const url = URL.createObjectURL(source);
  source.addEventListener('sourceopen', () => URL.revokeObjectURL(url), { once: true });
  video.src = url;
  /** @type {Scope} */ (globalThis)[PLACE] = { video, source, taken: false };
}

/**
 * Returns the video that was made early, once, or else a new one.
 *
 * @returns {HTMLVideoElement}
 */
export function takeVideo() {
  const early = /** @type {Scope} */ (globalThis)[PLACE];
  if (!early || early.taken) return document.createElement('video');
  early.taken = true;
  return early.video;
}

/**
 * Returns the MediaSource that a video was made with, once; null if there is none.
 *
 * @param {HTMLVideoElement} video
 * @returns {MediaSource | null}
 */
export function takeSource(video) {
  const scope = /** @type {Scope} */ (globalThis);
  const early = scope[PLACE];
  if (early?.video !== video) return null;
  delete scope[PLACE];
  return early.source;
}
