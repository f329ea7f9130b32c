import { BoxError, Cursor, findBox, listBoxes, viewOf } from './box-reader.js';

/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * What a decoder has to know of a track.
 *
 * @typedef {object} CodecInit
 * @property {'video' | 'audio'} kind
 * @property {number} timescale
 * @property {import('./codec-samples.js').SampleDefaults} defaults
 * @property {VideoDecoderConfig | AudioDecoderConfig} config
 */

/** The size of a sample entry in front of its boxes (ISO/IEC 14496-12, 12.1.3 and 12.2.3). */
const VISUAL_ENTRY = 78;
const AUDIO_ENTRY = 28;
/** The descriptors of an esds box (ISO/IEC 14496-1, 7.2.6) that lie around the AudioSpecificConfig. */
const ES = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;

/**
 * Returns what the init segment of one track says to a decoder of WebCodecs. The codec string is that of the track's
 * description.
 *
 * @param {TrackInfo} info
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {CodecInit}
 * @throws {BoxError}
 */
export function readInit(info, bytes) {
  const moov = need(findBox(viewOf(bytes), 'moov'), 'moov');
  const mdia = need(findBox(moov, 'trak', 'mdia'), 'mdia');
  const entries = need(findBox(mdia, 'minf', 'stbl', 'stsd'), 'stsd');
  const [entry] = listBoxes(entries, 8);
  if (!entry) throw new BoxError('no sample entry');
  const video = info.kind === 'video';
  return {
    kind: video ? 'video' : 'audio',
    timescale: readTimescale(need(findBox(mdia, 'mdhd'), 'mdhd')),
    defaults: readDefaults(findBox(moov, 'mvex', 'trex')),
    config: video ? videoConfig(info, entry.body) : audioConfig(info, entry.body),
  };
}

/**
 * @param {TrackInfo} info
 * @param {DataView<ArrayBuffer>} entry
 * @returns {VideoDecoderConfig}
 */
function videoConfig(info, entry) {
  const boxes = listBoxes(entry, VISUAL_ENTRY);
  const record = boxes.find(({ type }) => type === 'avcC' || type === 'hvcC')?.body;
  const c = new Cursor(entry, 24);
  return {
    codec: info.codec,
    codedWidth: c.u16(),
    codedHeight: c.u16(),
    optimizeForLatency: true,
    ...(record ? { description: copy(record) } : {}),
  };
}

/**
 * @param {TrackInfo} info
 * @param {DataView<ArrayBuffer>} entry
 * @returns {AudioDecoderConfig}
 */
function audioConfig(info, entry) {
  const boxes = listBoxes(entry, AUDIO_ENTRY);
  /** @param {string} type */
  const box = (type) => boxes.find((candidate) => candidate.type === type)?.body;
  const c = new Cursor(entry, 16);
  const channels = c.u16();
  c.skip(6);
  const rate = c.u32() >>> 16;
  const description = audioDescription(box('esds'), box('dOps'), box('dfLa'));
  return {
    codec: info.codec === 'fLaC' ? 'flac' : info.codec === 'Opus' ? 'opus' : info.codec,
    sampleRate: info.sampleRate ?? rate,
    numberOfChannels: info.channels ?? channels,
    ...(description ? { description } : {}),
  };
}

/**
 * @param {DataView<ArrayBuffer>} [esds]
 * @param {DataView<ArrayBuffer>} [dOps]
 * @param {DataView<ArrayBuffer>} [dfLa]
 * @returns {Uint8Array<ArrayBuffer> | null}
 */
function audioDescription(esds, dOps, dfLa) {
  if (esds) return specificConfig(esds);
  if (dfLa) return concat(text('fLaC'), copy(dfLa).subarray(4));
  // One stream of one or two channels needs none, and then no sound is cut off in front, which would be wrong in mid-stream.
  if (dOps && dOps.byteLength > 10 && dOps.getUint8(10) !== 0) return opusHead(dOps);
  return null;
}

/**
 * Returns the identification header (RFC 7845, 5.1) for a dOps box, which has the same fields, but big-endian ones.
 *
 * @param {DataView<ArrayBuffer>} dOps
 * @returns {Uint8Array<ArrayBuffer>}
 */
function opusHead(dOps) {
  const head = concat(text('OpusHead'), copy(dOps));
  const view = viewOf(head);
  view.setUint8(8, 1);
  view.setUint16(10, dOps.getUint16(2), true);
  view.setUint32(12, dOps.getUint32(4), true);
  view.setInt16(16, dOps.getInt16(8), true);
  return head;
}

/**
 * @param {DataView<ArrayBuffer>} esds
 * @returns {Uint8Array<ArrayBuffer>}
 */
function specificConfig(esds) {
  const c = new Cursor(esds, 4);
  descriptor(c, ES);
  c.skip(2);
  const flags = c.u8();
  if (flags & 0x80) c.skip(2);
  if (flags & 0x40) c.skip(c.u8());
  if (flags & 0x20) c.skip(2);
  descriptor(c, DECODER_CONFIG);
  c.skip(13);
  return c.bytes(descriptor(c, DECODER_SPECIFIC)).slice();
}

/**
 * Reads the head of a descriptor, and returns its size.
 *
 * @param {Cursor} c
 * @param {number} tag
 * @returns {number}
 */
function descriptor(c, tag) {
  const found = c.u8();
  if (found !== tag) throw new BoxError(`descriptor ${found}, want ${tag}`);
  let size = 0;
  for (let i = 0; i < 4; i++) {
    const byte = c.u8();
    size = (size << 7) | (byte & 0x7f);
    if (!(byte & 0x80)) break;
  }
  return size;
}

/** @param {DataView<ArrayBuffer>} mdhd */
function readTimescale(mdhd) {
  const c = new Cursor(mdhd);
  c.skip(c.u32() >>> 24 ? 16 : 8);
  const timescale = c.u32();
  if (timescale === 0) throw new BoxError('timescale 0');
  return timescale;
}

/**
 * @param {DataView<ArrayBuffer> | null} trex
 * @returns {import('./codec-samples.js').SampleDefaults}
 */
function readDefaults(trex) {
  if (!trex) return { duration: 0, size: 0, flags: 0 };
  const c = new Cursor(trex, 12);
  return { duration: c.u32(), size: c.u32(), flags: c.u32() };
}

/**
 * @template T
 * @param {T | null} box
 * @param {string} type
 * @returns {T}
 */
function need(box, type) {
  if (!box) throw new BoxError(`no ${type} box`);
  return box;
}

/**
 * @param {DataView<ArrayBuffer>} view
 * @returns {Uint8Array<ArrayBuffer>}
 */
function copy(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function concat(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** @param {string} characters */
function text(characters) {
  return new TextEncoder().encode(characters);
}
