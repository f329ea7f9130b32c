/**
 * Reads boxes (ISO/IEC 14496-12, 4.2) from bytes that come from outside: whatever they say, nothing beyond them is read,
 * and nothing is read without end.
 */

/** The most boxes that are looked at in one place. */
const MAX_BOXES = 1024;

/** Says what is wrong with a box. */
export class BoxError extends Error {
  name = 'BoxError';
}

/**
 * A box: its type, and a view of what is in it. `start` is where the box itself begins, in the view that it was found in.
 *
 * @typedef {object} Box
 * @property {string} type
 * @property {DataView<ArrayBuffer>} body
 * @property {number} start
 */

/**
 * Returns a view of bytes.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {DataView<ArrayBuffer>}
 */
export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Returns the boxes in a view, from a byte on.
 *
 * @param {DataView<ArrayBuffer>} view
 * @param {number} [from]
 * @returns {Box[]}
 * @throws {BoxError}
 */
export function listBoxes(view, from = 0) {
  /** @type {Box[]} */
  const boxes = [];
  for (let at = from; at < view.byteLength; ) {
    if (boxes.length >= MAX_BOXES) throw new BoxError(`more than ${MAX_BOXES} boxes`);
    const { size, header } = sizeOf(view, at);
    const body = new DataView(view.buffer, view.byteOffset + at + header, size - header);
    boxes.push({ type: typeAt(view, at + 4), body, start: at });
    at += size;
  }
  return boxes;
}

/**
 * Returns what is in the box at the end of a path of types, the first of each, or null if there is none.
 *
 * @param {DataView<ArrayBuffer>} view
 * @param {...string} path
 * @returns {DataView<ArrayBuffer> | null}
 * @throws {BoxError}
 */
export function findBox(view, ...path) {
  /** @type {DataView<ArrayBuffer> | null} */
  let at = view;
  for (const type of path) {
    at = listBoxes(at).find((box) => box.type === type)?.body ?? null;
    if (!at) return null;
  }
  return at;
}

/**
 * Returns four characters.
 *
 * @param {DataView} view
 * @param {number} at
 * @returns {string}
 */
export function typeAt(view, at) {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

/**
 * Reads numbers one after the other. Beyond the end it throws a BoxError.
 */
export class Cursor {
  #view;
  #at;

  /**
   * @param {DataView<ArrayBuffer>} view
   * @param {number} [at]
   */
  constructor(view, at = 0) {
    this.#view = view;
    this.#at = at;
  }

  /** How many bytes are left. */
  get left() {
    return this.#view.byteLength - this.#at;
  }

  u8() {
    return this.#view.getUint8(this.#take(1));
  }

  u16() {
    return this.#view.getUint16(this.#take(2));
  }

  u32() {
    return this.#view.getUint32(this.#take(4));
  }

  i32() {
    return this.#view.getInt32(this.#take(4));
  }

  u64() {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw new BoxError(`number ${value} is too large`);
    return value;
  }

  /** @param {number} count */
  skip(count) {
    this.#take(count);
  }

  /**
   * Returns so many bytes, which are not copied.
   *
   * @param {number} count
   * @returns {Uint8Array<ArrayBuffer>}
   */
  bytes(count) {
    const at = this.#take(count);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, count);
  }

  /** @param {number} count */
  #take(count) {
    if (count > this.left) throw new BoxError(`box ends ${count - this.left} bytes too early`);
    this.#at += count;
    return this.#at - count;
  }
}

/**
 * @param {DataView} view
 * @param {number} at
 */
function sizeOf(view, at) {
  const room = view.byteLength - at;
  if (room < 8) throw new BoxError(`${room} bytes are no box`);
  let size = view.getUint32(at);
  let header = 8;
  if (size === 0) size = room;
  if (size === 1) {
    if (room < 16) throw new BoxError(`${room} bytes are no large box`);
    header = 16;
    size = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
  }
  if (size < header || size > room) throw new BoxError(`box of ${size} bytes where ${room} are left`);
  return { size, header };
}
