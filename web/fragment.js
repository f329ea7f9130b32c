import { BoxError, Cursor, findBox, listBoxes, viewOf } from './box-reader.js';

/** The most samples of one fragment that is made. */
const MAX_SAMPLES = 4096;
/** Fields of a tfhd box, of a trun box, and of each sample in that (ISO/IEC 14496-12, 8.8.7 and 8.8.8). */
const BASE = 0x1;
const DESCRIPTION = 0x2;
const EMPTY = 0x10000;
const OFFSET = 0x1;
const FIRST_FLAGS = 0x4;
const FIELDS = [0x100, 0x200, 0x400, 0x800];
/** What the boxes in front of the samples have in all, but for tfhd: moof, mfhd, traf, tfdt, and the head of trun. */
const HEAD = 8 + 16 + 8 + 20 + 20;
const ROW = 16;

/**
 * A chunk, read: rows of duration, size, flags and composition offset, one of each sample, and the bytes of all samples.
 *
 * @typedef {object} Fragment
 * @property {number} track
 * @property {number} description which one of the track's sample entries; 0: the chunk does not say
 * @property {number} time decode time of the first sample
 * @property {number[]} rows
 * @property {number} duration of all samples
 * @property {Uint8Array<ArrayBuffer>} data
 */

/**
 * Returns what holds for samples of which a chunk does not say it: duration, size and flags of the trex box (8.8.3) of an
 * init segment. Null: they are not known.
 *
 * @param {Uint8Array<ArrayBuffer>} init of one track
 * @returns {number[] | null}
 */
export function readDefaults(init) {
  try {
    const trex = findBox(viewOf(init), 'moov', 'mvex', 'trex');
    if (!trex) return null;
    const c = new Cursor(trex, 12);
    return [c.u32(), c.u32(), c.u32()];
  } catch (error) {
    if (error instanceof BoxError) return null;
    throw error;
  }
}

/**
 * Makes few chunks of many of one track, which follow each other, with the same samples in them: a browser takes up to
 * millisecond for each. Chunks of another form than most (several runs, data elsewhere), and those behind a gap, are not
 * joined to those before.
 *
 * @param {Uint8Array<ArrayBuffer>[]} chunks
 * @param {number[]} defaults as readDefaults gives them
 * @returns {Uint8Array<ArrayBuffer>[]} to be appended in this order
 */
export function joinChunks(chunks, defaults) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const joined = [];
  /** @type {Fragment[]} */
  let run = [];
  let end = NaN;
  let samples = 0;
  const finish = () => {
    if (run.length) joined.push(write(run));
    run = [];
    samples = 0;
  };
  for (const chunk of chunks) {
    const fragment = read(chunk, defaults);
    const count = fragment ? fragment.rows.length / 4 : 0;
    const last = run.at(-1);
    const isAlike = fragment && last && fragment.track === last.track && fragment.description === last.description;
    const follows = isAlike && stretch(last, fragment.time - end);
    if (!follows || samples + count > MAX_SAMPLES) finish();
    if (!fragment) {
      joined.push(chunk);
      continue;
    }
    run.push(fragment);
    samples += count;
    end = fragment.time + fragment.duration;
  }
  finish();
  return joined;
}

/**
 * Lets the last sample of a fragment last until the next one begins, where the two are off by less than it lasts: a
 * duration may be a guess. Reports whether they are.
 *
 * @param {Fragment} fragment
 * @param {number} drift how much later than its end the next one begins
 */
function stretch({ rows }, drift) {
  const last = rows.length - 4;
  if (last < 0 || !(Math.abs(drift) < rows[last] || drift === 0)) return false;
  rows[last] += drift;
  return true;
}

/**
 * @param {Uint8Array<ArrayBuffer>} chunk
 * @param {number[]} defaults
 * @returns {Fragment | null} null: not of the form that every packager uses for a chunk of one track
 */
function read(chunk, defaults) {
  try {
    const boxes = listBoxes(viewOf(chunk)).filter(({ type }) => type === 'moof' || type === 'mdat');
    if (boxes.map(({ type }) => type).join() !== 'moof,mdat') return null;
    const [moof, mdat] = boxes;
    const [traf, ...others] = listBoxes(moof.body).filter(({ type }) => type === 'traf');
    if (!traf || others.length) return null;
    const inner = listBoxes(traf.body);
    const [tfhd, tfdt, trun, ...more] = ['tfhd', 'tfdt', 'trun'].flatMap((type) => inner.filter((box) => box.type === type));
    if (inner.length !== 3 || more.length || trun?.type !== 'trun' || tfdt.type !== 'tfdt') return null;
    const head = readHead(tfhd.body, defaults);
    if (!head) return null;
    const { rows, offset } = readRun(trun.body, head.defaults);
    const size = sum(rows, 1);
    const start = offset + moof.start + chunk.byteOffset;
    if (start < mdat.body.byteOffset || start + size > mdat.body.byteOffset + mdat.body.byteLength) return null;
    const { track, description } = head;
    return { track, description, time: readTime(tfdt.body), rows, duration: sum(rows, 0), data: new Uint8Array(chunk.buffer, start, size) };
  } catch (error) {
    if (error instanceof BoxError) return null;
    throw error;
  }
}

/**
 * @param {DataView<ArrayBuffer>} tfhd
 * @param {number[]} fallback
 */
function readHead(tfhd, fallback) {
  const c = new Cursor(tfhd);
  const flags = c.u32() & 0xffffff;
  const track = c.u32();
  if (flags & (BASE | EMPTY)) return null;
  const description = flags & DESCRIPTION ? c.u32() : 0;
  return { track, description, defaults: [0x8, 0x10, 0x20].map((bit, i) => (flags & bit ? c.u32() : fallback[i])) };
}

/** @param {DataView<ArrayBuffer>} tfdt */
function readTime(tfdt) {
  const c = new Cursor(tfdt);
  return c.u32() >>> 24 ? c.u64() : c.u32();
}

/**
 * @param {DataView<ArrayBuffer>} trun
 * @param {number[]} defaults
 * @returns {{rows: number[], offset: number}}
 */
function readRun(trun, defaults) {
  const c = new Cursor(trun);
  const flags = c.u32() & 0xffffff;
  const count = c.u32();
  // Without it the data would begin behind that of another run.
  if (!(flags & OFFSET)) throw new BoxError('no data offset');
  const offset = c.i32();
  const first = flags & FIRST_FLAGS ? c.u32() : null;
  const each = 4 * FIELDS.filter((bit) => flags & bit).length;
  if (count > MAX_SAMPLES || count * each > c.left) throw new BoxError(`run of ${count} samples`);
  const rows = [];
  for (let i = 0; i < count; i++) {
    for (const [field, bit] of FIELDS.entries()) rows.push(flags & bit ? c.u32() : (defaults[field] ?? 0));
    if (i === 0 && first !== null) rows[2] = first;
  }
  return { rows, offset };
}

/**
 * @param {number[]} rows
 * @param {number} field
 */
function sum(rows, field) {
  let total = 0;
  for (let i = field; i < rows.length; i += 4) total += rows[i];
  return total;
}

/**
 * @param {Fragment[]} fragments
 * @returns {Uint8Array<ArrayBuffer>} a moof and an mdat box
 */
function write(fragments) {
  const [{ track, description, time }] = fragments;
  const count = fragments.reduce((n, { rows }) => n + rows.length / 4, 0);
  const bytes = fragments.reduce((n, { data }) => n + data.length, 0);
  const described = description ? [description] : [];
  const tfhd = 16 + 4 * described.length;
  const moof = HEAD + tfhd + ROW * count;
  const out = new Uint8Array(moof + 8 + bytes);
  const view = viewOf(out);
  let at = 0;
  /** @param {...number} values */
  const put = (...values) => {
    for (const value of values) view.setUint32((at += 4) - 4, value);
  };
  put(moof, code('moof'), 16, code('mfhd'), 0, 1, moof - 24, code('traf'));
  put(tfhd, code('tfhd'), described.length ? 0x020002 : 0x020000, track, ...described);
  put(20, code('tfdt'), 1 << 24, Math.floor(time / 2 ** 32), time % 2 ** 32);
  // Composition offsets have a sign in version 1; those of version 0 are never so large that this matters.
  put(20 + ROW * count, code('trun'), 0x01000f01, count, moof + 8);
  for (const { rows } of fragments) put(...rows);
  put(8 + bytes, code('mdat'));
  for (const { data } of fragments) {
    out.set(data, at);
    at += data.length;
  }
  return out;
}

/** @param {string} type */
function code(type) {
  return [...type].reduce((value, c) => value * 256 + c.charCodeAt(0), 0);
}
