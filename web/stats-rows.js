import { codecName, count, describeVideo, formatBitrate, formatDelay } from './format.js';

/** @typedef {import('./stats.js').Stats} Stats */

/**
 * Puts what is known of a playback into words: names and values, in the order in which they are shown.
 *
 * @param {Stats} stats
 * @param {number} bitrate measured, in bits per second, or 0
 * @returns {[string, string][]}
 */
export function statsRows(stats, bitrate) {
  const video = stats.tracks.find((track) => track.kind === 'video');
  const audio = stats.tracks.find((track) => track.kind === 'audio');
  return [
    ['Latency', stats.latencyMs === null ? 'not known' : formatDelay(stats.latencyMs)],
    ['Buffer', `${Math.round(stats.bufferMs)} ms, aims at ${Math.round(stats.targetMs)}`],
    ['Rate', `${stats.rate.toFixed(2)}×`],
    ['Data rate', bitrate > 0 ? formatBitrate(bitrate) : '–'],
    ['Picture', video ? describeVideo(video) : 'none'],
    ['Codecs', [video, audio].flatMap((track) => (track ? [`${codecName(track.codec)} (${track.codec})`] : [])).join(', ') || '–'],
    ['Played with', stats.engine || '–'],
    ['Frames', `${stats.decodedFrames} decoded, ${stats.droppedFrames} dropped`],
    ['First picture', stats.firstFrameMs === null ? '–' : `after ${Math.round(stats.firstFrameMs)} ms`],
    ['Interruptions', `${count(stats.stalls, 'stall')}, ${count(stats.jumps, 'jump')}, ${count(stats.gaps, 'gap')}`],
    ['Connection', `${count(stats.reconnects, 'reconnect')}, ${count(stats.moves, 'move')}`],
    ['Recoveries', recoveries(stats.recoveries)],
    ['Edge', [stats.edge, stats.address].filter(Boolean).join(', ') || '–'],
    ['Hops', stats.hops === null ? '–' : `${stats.hops} from the ingress`],
  ];
}

/**
 * @param {Record<string, number>} counts
 * @returns {string}
 */
function recoveries(counts) {
  const had = Object.entries(counts).filter(([, n]) => n > 0);
  return had.map(([what, n]) => `${n} ${what}`).join(', ') || 'none';
}
