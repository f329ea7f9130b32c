/**
 * Reads the messages of the livews protocol, version 1 (PROTOCOL.md). Everything here comes from outside, so every
 * length is checked against the message and a named bound before it is used.
 */

import { parsePosition } from './position.js';

/** The sub-protocol; its name carries the version. */
export const PROTOCOL = 'livews.1';
/** The size of the header in front of every binary message. */
export const HEADER_SIZE = 32;
/** The largest binary message, header included. */
export const MAX_MESSAGE = 16 << 20;
/** The largest description of a track in an init message. */
export const MAX_INFO = 16 << 10;
/** The largest text message. */
export const MAX_CONTROL = 4 << 10;
/** The longest time that a server may give its clients until they leave, in milliseconds. */
export const MAX_GOAWAY = 60_000;

/** The types of a binary message. */
export const Type = Object.freeze({ chunk: 1, init: 2 });

/** The flags of a binary message. */
export const Flag = Object.freeze({ sync: 1, first: 2, last: 4, discontinuity: 8, end: 16 });

const CODEC = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/**
 * A track as an init message describes it. Fields that the message lacks, or that make no sense, are left out.
 *
 * @typedef {object} TrackInfo
 * @property {number} number tells the tracks of a stream apart
 * @property {string} kind 'video' or 'audio'; others may come one day
 * @property {string} codec the codec string of RFC 6381
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [frameRate] in frames per second
 * @property {number} [sampleRate] in Hz
 * @property {number} [channels]
 * @property {number} [bitrate] in bits per second
 * @property {string} [language]
 */

/**
 * One binary message. The payload is a view of the message's memory, not a copy.
 *
 * @typedef {object} Segment
 * @property {number} type one of Type
 * @property {number} flags a set of Flag
 * @property {number} track
 * @property {import('./position.js').Position} position
 * @property {number} decodeTime of the first sample, in microseconds
 * @property {number} wallClock at the ingress, in Unix microseconds; 0 unknown
 * @property {TrackInfo | null} info set in init messages
 * @property {Uint8Array<ArrayBuffer>} payload the init segment or the chunk
 */

/**
 * A notice that the chunks of a track after `from` and before `to` do not come.
 *
 * @typedef {object} Gap
 * @property {'gap'} type
 * @property {number} track
 * @property {import('./position.js').Position} from
 * @property {import('./position.js').Position} to
 * @property {string} reason
 */

/**
 * The server wants its clients to go elsewhere in so many milliseconds.
 *
 * @typedef {{type: 'goaway', delay: number}} GoAway
 */

/** @typedef {Gap | GoAway | {type: 'end'}} Control */

/** Says what is wrong with a message. */
export class MessageError extends Error {
  name = 'MessageError';
}

/**
 * Parses a binary message. Returns null for one of a type that is not known, which a receiver ignores.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Segment | null}
 * @throws {MessageError}
 */
export function parseMessage(buffer) {
  const size = buffer.byteLength;
  if (size < HEADER_SIZE || size > MAX_MESSAGE) {
    throw new MessageError(`message of ${size} bytes, want ${HEADER_SIZE} to ${MAX_MESSAGE}`);
  }
  const view = new DataView(buffer);
  const type = view.getUint8(0);
  if (type !== Type.chunk && type !== Type.init) return null;
  const segment = parseHeader(view, type);
  if (type === Type.init) {
    const length = infoLength(view);
    segment.info = parseInfo(new Uint8Array(buffer, HEADER_SIZE + 4, length), segment.track);
    segment.payload = segment.payload.subarray(4 + length);
  }
  return segment;
}

/**
 * Parses a text message. Returns null for one of a type that is not known, which a receiver ignores.
 *
 * @param {string} text
 * @returns {Control | null}
 * @throws {MessageError}
 */
export function parseControl(text) {
  if (text.length > MAX_CONTROL) throw new MessageError(`text message of ${text.length} characters`);
  const value = parseObject(text);
  switch (value.type) {
    case 'gap':
      return parseGap(value);
    case 'goaway':
      return { type: 'goaway', delay: parseDelay(value.delay) };
    case 'end':
      return { type: 'end' };
    default:
      return null;
  }
}

/**
 * @param {DataView<ArrayBuffer>} view
 * @param {number} type
 * @returns {Segment}
 */
function parseHeader(view, type) {
  const track = view.getUint16(2);
  if (track === 0) throw new MessageError('track 0');
  return {
    type,
    flags: view.getUint8(1),
    track,
    position: { epoch: view.getUint32(4), group: view.getUint32(8), chunk: view.getUint32(12) },
    decodeTime: readMicroseconds(view, 16),
    wallClock: readMicroseconds(view, 24),
    info: null,
    payload: new Uint8Array(view.buffer, HEADER_SIZE),
  };
}

/**
 * @param {DataView} view
 * @param {number} offset
 * @returns {number}
 */
function readMicroseconds(view, offset) {
  const value = view.getUint32(offset) * 2 ** 32 + view.getUint32(offset + 4);
  if (!Number.isSafeInteger(value)) throw new MessageError(`time of ${value} us`);
  return value;
}

/**
 * @param {DataView} view
 * @returns {number}
 */
function infoLength(view) {
  const room = view.byteLength - HEADER_SIZE - 4;
  const length = room < 0 ? 0 : view.getUint32(HEADER_SIZE);
  if (room < 0 || length > room || length > MAX_INFO) {
    throw new MessageError(`description of ${length} bytes in an init message of ${view.byteLength}`);
  }
  return length;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} track
 * @returns {TrackInfo}
 */
function parseInfo(bytes, track) {
  const info = checkTrackInfo(parseObject(new TextDecoder().decode(bytes)));
  if (info?.number !== track) throw new MessageError(`init message of track ${track} does not describe it`);
  return info;
}

/**
 * Returns what value, parsed JSON, says of a track, or null if it is no description of one. The codec string that
 * comes back is harmless in a MIME type.
 *
 * @param {unknown} value
 * @returns {TrackInfo | null}
 */
export function checkTrackInfo(value) {
  if (typeof value !== 'object' || value === null) return null;
  const { number, kind, codec, language, ...rest } = /** @type {Record<string, unknown>} */ (value);
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 0xffff) return null;
  if (typeof kind !== 'string' || kind.length > 20) return null;
  if (typeof codec !== 'string' || !CODEC.test(codec)) return null;
  /** @type {TrackInfo} */
  const info = { number, kind, codec };
  for (const key of /** @type {const} */ (['width', 'height', 'frameRate', 'sampleRate', 'channels', 'bitrate'])) {
    const n = rest[key];
    if (typeof n === 'number' && n > 0) info[key] = n;
  }
  if (typeof language === 'string' && language.length <= 20) info.language = language;
  return info;
}

/**
 * @param {Record<string, unknown>} value
 * @returns {Gap}
 */
function parseGap(value) {
  const { track, reason } = value;
  const from = parsePosition(value.from);
  const to = parsePosition(value.to);
  if (typeof track !== 'number' || !from || !to) throw new MessageError('malformed gap');
  return { type: 'gap', track, from, to, reason: typeof reason === 'string' ? reason : 'lost' };
}

/**
 * @param {unknown} value
 * @returns {number}
 */
function parseDelay(value) {
  return typeof value === 'number' ? Math.min(Math.max(value, 0), MAX_GOAWAY) : 0;
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function parseObject(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new MessageError('malformed JSON', { cause });
  }
  if (typeof value !== 'object' || value === null) throw new MessageError('JSON that is no object');
  return value;
}
