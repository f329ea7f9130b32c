/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * What of a stream is played.
 *
 * @typedef {object} Choice
 * @property {TrackInfo[]} tracks one video track and one audio track at most; empty if nothing can be played
 * @property {TrackInfo[]} unsupported tracks whose kind is missing because the browser cannot play their codec
 */

/**
 * Returns the type of a track's media as MediaSource wants it (RFC 6381, section 3).
 *
 * @param {TrackInfo} track
 * @returns {string}
 */
export function mimeType(track) {
  return `${track.kind}/mp4; codecs="${track.codec}"`;
}

/**
 * Chooses the first track of each kind that the browser can play, or the preferred one. Sound without the stream's picture is no
 * choice: a viewer would take it for a broken picture. A picture without its sound is one.
 *
 * @param {TrackInfo[]} tracks
 * @param {(mime: string) => boolean} isSupported
 * @param {number | null} [preferred] the number of a track
 * @returns {Choice}
 */
export function chooseTracks(tracks, isSupported, preferred = null) {
  /** @type {Choice} */
  const choice = { tracks: [], unsupported: [] };
  for (const kind of ['video', 'audio']) {
    const candidates = tracks.filter((track) => track.kind === kind);
    const playable = candidates.filter((track) => isSupported(mimeType(track)));
    const chosen = playable.find((track) => track.number === preferred) ?? playable[0];
    if (chosen) choice.tracks.push(chosen);
    else choice.unsupported.push(...candidates);
  }
  if (choice.unsupported.some((track) => track.kind === 'video')) choice.tracks = [];
  return choice;
}
