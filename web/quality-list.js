import { mimeType } from './tracks.js';

/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/** What is taken for the bit rate of a rendition that does not tell it: so much for each pixel of a second. */
const BITS_PER_PIXEL = 0.1;
const USUAL_FRAME_RATE = 30;
/** What is taken for the size of one that does not tell that. */
const USUAL_PIXELS = 640 * 360;

/**
 * A rendition of the picture: one that a viewer can choose.
 *
 * @typedef {object} Quality
 * @property {number} id the number of its track
 * @property {string} label for a menu, as in 720p
 * @property {number} [width] in pixels
 * @property {number} [height] in pixels
 * @property {number} [frameRate] in frames per second
 * @property {number} [bitrate] in bits per second, as the stream tells it
 */

/**
 * Lists the renditions of the picture that the browser can play, the best one first.
 *
 * @param {TrackInfo[]} tracks
 * @param {(mime: string) => boolean} isSupported
 * @returns {Quality[]}
 */
export function listQualities(tracks, isSupported) {
  const playable = tracks.filter((track) => track.kind === 'video' && isSupported(mimeType(track)));
  const sorted = playable.sort((a, b) => (b.height ?? 0) - (a.height ?? 0) || rateOf(b) - rateOf(a));
  return sorted.map((track) => {
    const { number, width, height, frameRate, bitrate } = track;
    return { id: number, label: labelOf(track, sorted), width, height, frameRate, bitrate };
  });
}

/**
 * Returns about how many bits a rendition has in a second.
 *
 * @param {{width?: number, height?: number, frameRate?: number, bitrate?: number}} rendition
 * @returns {number}
 */
export function rateOf({ width, height, frameRate, bitrate }) {
  if (bitrate) return bitrate;
  const pixels = width && height ? width * height : USUAL_PIXELS;
  return pixels * (frameRate ?? USUAL_FRAME_RATE) * BITS_PER_PIXEL;
}

/**
 * @param {TrackInfo} track
 * @param {TrackInfo[]} all
 * @returns {string}
 */
function labelOf(track, all) {
  const parts = [track.height ? `${track.height}p` : `Track ${track.number}`];
  const alike = all.filter((other) => other !== track && other.height === track.height);
  if (!track.height || !alike.length) return parts[0];
  const differs = (/** @type {'frameRate' | 'bitrate'} */ key) => track[key] && alike.some((other) => other[key] !== track[key]);
  if (differs('frameRate')) parts.push(`${Math.round(Number(track.frameRate))} fps`);
  if (differs('bitrate')) parts.push(megabits(Number(track.bitrate)));
  if (parts.length === 1) parts.push(track.codec.replace(/\..*/, ''));
  return parts.join(' ');
}

/** @param {number} rate */
function megabits(rate) {
  return `${rate >= 1e7 ? Math.round(rate / 1e6) : Math.round(rate / 1e5) / 10} Mbit/s`;
}
