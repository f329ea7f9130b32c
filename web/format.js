/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/** A space at which no line breaks, between a number and its unit. */
const NBSP = '\u00a0';

/** @type {Record<string, string>} */
const CODECS = {
  avc1: 'H.264',
  avc3: 'H.264',
  hvc1: 'H.265',
  hev1: 'H.265',
  av01: 'AV1',
  vp08: 'VP8',
  vp09: 'VP9',
  mp4a: 'AAC',
  opus: 'Opus',
  flac: 'FLAC',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
};

/**
 * Returns what people call a codec.
 *
 * @param {string} codec a codec string of RFC 6381
 * @returns {string}
 */
export function codecName(codec) {
  const [type] = codec.toLowerCase().split('.');
  return Object.hasOwn(CODECS, type) ? CODECS[type] : codec;
}

/**
 * Returns a line about a video track, as in "640 × 360, 30 fps, H.264".
 *
 * @param {TrackInfo} track
 * @returns {string}
 */
export function describeVideo(track) {
  const size = track.width && track.height ? `${track.width}${NBSP}×${NBSP}${track.height}` : '';
  const rate = track.frameRate ? `${Number(track.frameRate.toFixed(2))}${NBSP}fps` : '';
  return [size, rate, codecName(track.codec)].filter(Boolean).join(', ');
}

/**
 * Returns a line about an audio track, as in "AAC, stereo, 48 kHz".
 *
 * @param {TrackInfo} track
 * @returns {string}
 */
export function describeAudio(track) {
  const channels = track.channels ? (['', 'mono', 'stereo'][track.channels] ?? `${track.channels} channels`) : '';
  const rate = track.sampleRate ? `${Number((track.sampleRate / 1000).toFixed(1))}${NBSP}kHz` : '';
  return [codecName(track.codec), channels, rate].filter(Boolean).join(', ');
}

/**
 * Returns a data rate for people, as in "1.2 Mbit/s".
 *
 * @param {number} bits in a second
 * @returns {string}
 */
export function formatBitrate(bits) {
  if (bits < 1e6) return `${Math.round(bits / 1e3)}${NBSP}kbit/s`;
  return `${(bits / 1e6).toFixed(bits < 1e7 ? 1 : 0)}${NBSP}Mbit/s`;
}

/**
 * Returns a delay for people, as in "85 ms" or "1.2 s".
 *
 * @param {number} ms
 * @returns {string}
 */
export function formatDelay(ms) {
  return ms < 1000 ? `${Math.round(ms)}${NBSP}ms` : `${(ms / 1000).toFixed(1)}${NBSP}s`;
}

/**
 * Returns a count with its noun, as in "1 viewer" or "3 viewers".
 *
 * @param {number} n
 * @param {string} noun
 * @returns {string}
 */
export function count(n, noun) {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
