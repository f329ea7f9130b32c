/**
 * Makes and reads the messages of publishing from a browser, sub-protocol livews.publish.1 (PROTOCOL.md).
 */

import { MAX_CONTROL } from './message.js';

/** The sub-protocol; its name carries the version. */
export const PUBLISH_PROTOCOL = 'livews.publish.1';
/** The size of the header in front of every encoded frame. */
export const FRAME_HEADER = 16;
/** The largest encoded frame, without its header. */
export const MAX_FRAME = 8 << 20;
/** The flag of a frame that can be decoded without those before it. */
export const KEY = 1;

const MAX_DURATION = 0xffff_ffff;

/**
 * A track as the server is told of it.
 *
 * @typedef {object} PublishedTrack
 * @property {number} track its number, 1 to 255
 * @property {'video' | 'audio'} kind
 * @property {string} codec a codec string as WebCodecs has it
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [frameRate]
 * @property {number} [sampleRate] in Hz
 * @property {number} [channels]
 * @property {number} [bitrate] in bits per second
 */

/**
 * What the server says: 'live' the stream is there; 'keyframe' it wants one of a track.
 *
 * @typedef {{type: 'live', epoch: number} | {type: 'keyframe', track: number}} Reply
 */

/**
 * What there is of an encoded frame: EncodedVideoChunk and EncodedAudioChunk are such.
 *
 * @typedef {object} Chunk
 * @property {'key' | 'delta'} type
 * @property {number} byteLength
 * @property {(destination: Uint8Array<ArrayBuffer>) => void} copyTo
 */

/**
 * Returns the message with one encoded frame, or null where that is empty or larger than MAX_FRAME.
 *
 * @param {number} track
 * @param {Chunk} chunk
 * @param {number} timestamp in microseconds, by the clock that all tracks share
 * @param {number} duration in microseconds; 0 where it is not known
 * @returns {ArrayBuffer | null}
 */
export function frameMessage(track, chunk, timestamp, duration) {
  if (chunk.byteLength === 0 || chunk.byteLength > MAX_FRAME) return null;
  const message = new ArrayBuffer(FRAME_HEADER + chunk.byteLength);
  const view = new DataView(message);
  view.setUint8(0, chunk.type === 'key' ? KEY : 0);
  view.setUint8(1, track);
  view.setUint32(4, Math.min(Math.max(Math.round(duration), 0), MAX_DURATION));
  view.setBigInt64(8, BigInt(Math.round(timestamp)));
  chunk.copyTo(new Uint8Array(message, FRAME_HEADER));
  return message;
}

/**
 * Returns the message that says which tracks follow.
 *
 * @param {PublishedTrack[]} tracks
 * @returns {string}
 */
export function startMessage(tracks) {
  return JSON.stringify({ type: 'start', tracks });
}

/**
 * Returns the message that ties the clock of the frames to the wall clock.
 *
 * @param {number} timestamp in microseconds
 * @param {number} wall Unix time in milliseconds at that moment
 * @returns {string}
 */
export function clockMessage(timestamp, wall) {
  return JSON.stringify({ type: 'clock', timestamp: Math.round(timestamp), wall });
}

/** The message of a clean end. */
export const END_MESSAGE = JSON.stringify({ type: 'end' });

/**
 * Reads a text message. Returns null for what is not known or makes no sense, which a publisher ignores: nothing that
 * a server says is needed for the frames to flow.
 *
 * @param {unknown} data
 * @returns {Reply | null}
 */
export function parseReply(data) {
  if (typeof data !== 'string' || data.length > MAX_CONTROL) return null;
  let value;
  try {
    value = JSON.parse(data);
  } catch {
    // It is ignored like one of an unknown type.
    return null;
  }
  if (value?.type === 'live') return { type: 'live', epoch: Number.isInteger(value.epoch) ? value.epoch : 0 };
  if (value?.type === 'keyframe' && Number.isInteger(value.track)) return { type: 'keyframe', track: value.track };
  return null;
}
