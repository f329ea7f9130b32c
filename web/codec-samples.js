import { BoxError, Cursor, findBox, listBoxes, viewOf } from './box-reader.js';

/** The most samples of a chunk. */
const MAX_SAMPLES = 4096;
/** Bit of the sample flags (ISO/IEC 14496-12, 8.8.3.1): the sample is no sync sample. */
const NON_SYNC = 0x10000;

/**
 * What holds for samples about which the chunk says nothing: the trex box (8.8.3).
 *
 * @typedef {object} SampleDefaults
 * @property {number} duration
 * @property {number} size
 * @property {number} flags
 */

/**
 * A sample: times are in the track's timescale. The data is a view of the chunk's memory.
 *
 * @typedef {object} Sample
 * @property {number} time when it is shown, from the decode time of the chunk's first sample on; may be negative
 * @property {number} duration
 * @property {boolean} sync
 * @property {Uint8Array<ArrayBuffer>} data
 */

/**
 * Returns the samples of a chunk: one track's moof and mdat boxes (CMAF, ISO/IEC 23000-19, 7.3.2.3), in the order in
 * which they are decoded.
 *
 * @param {Uint8Array<ArrayBuffer>} chunk
 * @param {SampleDefaults} defaults
 * @returns {Sample[]}
 * @throws {BoxError}
 */
export function readSamples(chunk, defaults) {
  const whole = viewOf(chunk);
  /** @type {Sample[]} */
  const samples = [];
  let origin = -1;
  let moofs = 0;
  for (const { type, body, start } of listBoxes(whole)) {
    if (type !== 'moof') continue;
    moofs++;
    const run = new Run(whole, start, defaults);
    for (const { type, body: traf } of listBoxes(body)) {
      if (type !== 'traf') continue;
      run.begin(traf);
      if (origin < 0) origin = run.time;
      for (const box of listBoxes(traf)) if (box.type === 'trun') run.read(box.body, samples, origin);
    }
  }
  if (!moofs) throw new BoxError('no moof box');
  return samples;
}

/** Reads the sample runs of a moof, which have their place and their time after one another. */
class Run {
  /** The decode time of the next sample. */
  time = 0;
  #whole;
  #moof;
  #fallback;
  #defaults;
  #base = 0;
  #next = 0;

  /**
   * @param {DataView<ArrayBuffer>} whole
   * @param {number} moof where the moof begins
   * @param {SampleDefaults} fallback
   */
  constructor(whole, moof, fallback) {
    this.#whole = whole;
    this.#moof = moof;
    this.#fallback = this.#defaults = fallback;
  }

  /** @param {DataView<ArrayBuffer>} traf */
  begin(traf) {
    const tfhd = findBox(traf, 'tfhd');
    if (!tfhd) throw new BoxError('no tfhd box');
    const c = new Cursor(tfhd);
    const flags = c.u32() & 0xffffff;
    c.skip(4);
    this.#base = this.#next = flags & 0x1 ? c.u64() : this.#moof;
    if (flags & 0x2) c.skip(4);
    const { duration, size, flags: sampleFlags } = this.#fallback;
    this.#defaults = {
      duration: flags & 0x8 ? c.u32() : duration,
      size: flags & 0x10 ? c.u32() : size,
      flags: flags & 0x20 ? c.u32() : sampleFlags,
    };
    const tfdt = findBox(traf, 'tfdt');
    if (!tfdt) return;
    const d = new Cursor(tfdt);
    this.time = d.u32() >>> 24 ? d.u64() : d.u32();
  }

  /**
   * @param {DataView<ArrayBuffer>} trun
   * @param {Sample[]} samples which it adds to
   * @param {number} origin
   */
  read(trun, samples, origin) {
    const c = new Cursor(trun);
    const flags = c.u32() & 0xffffff;
    const count = c.u32();
    if (flags & 0x1) this.#next = this.#base + c.i32();
    const first = flags & 0x4 ? c.u32() : null;
    const each = 4 * [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit).length;
    if (count > MAX_SAMPLES - samples.length || count * each > c.left) throw new BoxError(`run of ${count} samples`);
    for (let i = 0; i < count; i++) {
      const duration = flags & 0x100 ? c.u32() : this.#defaults.duration;
      const size = flags & 0x200 ? c.u32() : this.#defaults.size;
      const own = flags & 0x400 ? c.u32() : this.#defaults.flags;
      // In version 0 the offset has no sign, but nobody writes one so large that this would matter.
      const offset = flags & 0x800 ? c.i32() : 0;
      const sync = ((i === 0 && first !== null ? first : own) & NON_SYNC) === 0;
      samples.push({ time: this.time - origin + offset, duration, sync, data: this.#data(size) });
      this.time += duration;
    }
  }

  /** @param {number} size */
  #data(size) {
    const { buffer, byteOffset, byteLength } = this.#whole;
    if (this.#next < 0 || size > byteLength - this.#next) throw new BoxError(`sample of ${size} bytes at ${this.#next} of ${byteLength}`);
    this.#next += size;
    return new Uint8Array(buffer, byteOffset + this.#next - size, size);
  }
}
