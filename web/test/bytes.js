/** Makes the bytes that tests feed in. */

/** A box of ISO/IEC 14496-12. */
export function box(type, ...contents) {
  const size = 8 + contents.reduce((n, part) => n + part.length, 0);
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes.set(ascii(type), 4);
  let at = 8;
  for (const part of contents) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function ascii(text) {
  return new TextEncoder().encode(text);
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const chunkBytes = concat(box('moof', new Uint8Array(20)), box('mdat', new Uint8Array(100)));
export const initBytes = concat(box('ftyp', ascii('cmfc')), box('moov', new Uint8Array(40)));

/** A binary message; fields left out are those of a first chunk of track 1. */
export function message({ type = 1, flags = 3, track = 1, epoch = 7, group = 0, chunk = 0, time = 0, wall = 0, payload = chunkBytes }) {
  const bytes = new Uint8Array(32 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, flags);
  view.setUint16(2, track);
  view.setUint32(4, epoch);
  view.setUint32(8, group);
  view.setUint32(12, chunk);
  view.setBigUint64(16, BigInt(time));
  view.setBigUint64(24, BigInt(wall));
  bytes.set(payload, 32);
  return bytes.buffer;
}

/** An init message; info may be text, to be malformed. */
export function initMessage(info, fields = {}) {
  const json = ascii(typeof info === 'string' ? info : JSON.stringify(info));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, fields.length ?? json.length);
  return message({ type: 2, flags: 0, ...fields, payload: concat(length, json, initBytes) });
}

/** The bytes of hex digits, in which spaces do not count. */
export function hex(digits) {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
}
