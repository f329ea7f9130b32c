/** A rate this near to the natural one changes the pitch by less than a semitone. */
const SLIGHT = 0.05;

/**
 * Sets how fast an element plays. The pitch is kept only where one would hear that it is not: to keep it takes Chromium
 * 50 ms more of sound ahead of the playhead, without which it runs dry.
 *
 * @param {HTMLMediaElement} media
 * @param {number} rate
 * @param {boolean} aloud whether its sound can be heard
 */
export function setRate(media, rate, aloud) {
  const keep = aloud && Math.abs(rate - 1) > SLIGHT;
  if (media.preservesPitch !== keep) media.preservesPitch = keep;
  if (media.playbackRate !== rate) media.playbackRate = rate;
}

/**
 * Reports whether the sound of an element is on.
 *
 * @param {HTMLMediaElement} media
 */
export function isHeard(media) {
  return !media.muted && media.volume > 0;
}
