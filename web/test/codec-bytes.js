/** Makes init segments and chunks of one track that tests feed in. */

import { ascii, box, concat } from './bytes.js';

export function u16(...values) {
  return concat(...values.map((value) => [(value >> 8) & 0xff, value & 0xff]));
}

export function u32(...values) {
  return concat(...values.map((value) => [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]));
}

/** A chunk: one moof and mdat; samples are {size, duration, offset, flags}, of which what is left out is a default. */
export function chunk({ time = 0, version = 1, samples = [{ size: 4 }], tfhd = tfhdBox(), count = samples.length, dataOffset = null, first = null }) {
  const bits = [0x100, 0x200, 0x400, 0x800];
  const fields = ['duration', 'size', 'flags', 'offset'];
  const used = fields.map((field) => samples.some((sample) => sample[field] !== undefined));
  const flags = 1 | (first !== null ? 4 : 0) | bits.reduce((sum, bit, i) => sum | (used[i] ? bit : 0), 0);
  const rows = samples.flatMap((sample) => fields.filter((_, i) => used[i]).map((field) => sample[field] ?? 0));
  const trun = (at) => box('trun', u32(flags, count, at, ...(first !== null ? [first] : []), ...rows));
  const moof = (at) => box('moof', box('mfhd', u32(0, 1)), box('traf', tfhd, tfdtBox(time, version), trun(at)));
  const mdat = box('mdat', new Uint8Array(samples.reduce((n, { size = 4 }) => n + size, 0)).map((_, i) => i & 0xff));
  const head = moof(0).length + 8;
  return concat(moof(dataOffset ?? head), mdat);
}

export function tfhdBox(flags = 0x020000, ...values) {
  return box('tfhd', u32(flags, 1, ...values));
}

function tfdtBox(time, version) {
  return box('tfdt', u32(version << 24, ...(version ? [Math.floor(time / 2 ** 32), time % 2 ** 32] : [time])));
}

/** An init segment with one sample entry. */
export function init(entry, { timescale = 90_000, trex = [0, 0, 0] } = {}) {
  const stsd = box('stsd', u32(0, 1), entry);
  const mdia = box('mdia', box('mdhd', u32(0, 0, 0, timescale, 0, 0)), box('minf', box('stbl', stsd)));
  return concat(box('ftyp', ascii('cmfc')), box('moov', box('trak', mdia), box('mvex', box('trex', u32(0, 1, 1, ...trex)))));
}

export function visualEntry(type, width, height, ...boxes) {
  return box(type, new Uint8Array(24), u16(width, height), new Uint8Array(50), ...boxes);
}

export function audioEntry(type, channels, rate, ...boxes) {
  return box(type, new Uint8Array(16), u16(channels, 16, 0, 0), u32(rate * 65536), ...boxes);
}

/** An esds box around an AudioSpecificConfig. */
export function esds(config) {
  const descriptor = (tag, ...parts) => concat([tag, 0x80, 0x80, 0x80, concat(...parts).length], ...parts);
  const specific = descriptor(5, config);
  return box('esds', u32(0), descriptor(3, u16(1), [0], descriptor(4, new Uint8Array(13), specific), descriptor(6, [2])));
}
