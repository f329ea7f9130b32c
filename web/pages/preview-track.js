import { codecName } from '../format.js';
import { mimeType } from '../tracks.js';

/** @typedef {import('../message.js').TrackInfo} TrackInfo */

/**
 * Chooses what to show of a stream in a small place: the smallest picture that the browser can play. Where there is
 * none, the note says why.
 *
 * @param {TrackInfo[]} tracks
 * @param {(mime: string) => boolean} isSupported
 * @returns {{track: TrackInfo | null, note: string}}
 */
export function previewTrack(tracks, isSupported) {
  const pictures = tracks.filter((track) => track.kind === 'video');
  const playable = pictures.filter((track) => isSupported(mimeType(track)));
  const [track] = playable.sort((a, b) => area(a) - area(b));
  if (track) return { track, note: '' };
  if (pictures.length) return { track: null, note: `This browser cannot play ${codecName(pictures[0].codec)}` };
  return { track: null, note: tracks.length ? 'Sound only' : '' };
}

/**
 * What does not tell its size is taken for large.
 *
 * @param {TrackInfo} track
 * @returns {number}
 */
function area({ width, height }) {
  return width && height ? width * height : Infinity;
}
