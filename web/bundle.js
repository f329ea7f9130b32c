import { MAX_MESSAGE, MessageError } from './message.js';

/** The type of a binary message that has others in it. */
const BUNDLE = 3;
/** The flag, in its second byte, that nothing more lies ready. */
const LAST = 1;
/** How much is in front of the first frame. */
const HEAD = 2;
/** The first byte of a whole WebSocket frame of text, and of one that is binary (RFC 6455, 5.2). */
const TEXT = 0x81;
const BINARY = 0x82;

/**
 * Reports whether a binary message is a bundle.
 *
 * @param {ArrayBuffer} message
 * @returns {boolean}
 */
export function isBundle(message) {
  return message.byteLength > 0 && new Uint8Array(message, 0, 1)[0] === BUNDLE;
}

/**
 * A message of a bundle.
 *
 * @typedef {object} Bundled
 * @property {ArrayBuffer | string} message
 * @property {boolean} more whether the server has more ready behind it
 */

/**
 * Gives the messages in a bundle, binary ones and texts, each as if it had come alone.
 *
 * @param {ArrayBuffer} bundle
 * @returns {Generator<Bundled>}
 * @throws {MessageError} where what follows is no whole frame
 */
export function* unbundle(bundle) {
  const view = new DataView(bundle);
  const last = view.byteLength >= HEAD && (view.getUint8(1) & LAST) !== 0;
  for (let at = HEAD; at < view.byteLength; ) {
    const { isText, start, end } = readFrame(view, at);
    const message = isText ? new TextDecoder().decode(new Uint8Array(bundle, start, end - start)) : bundle.slice(start, end);
    yield { message, more: !last || end < view.byteLength };
    at = end;
  }
}

/**
 * @param {DataView<ArrayBuffer>} view
 * @param {number} at
 */
function readFrame(view, at) {
  const room = view.byteLength - at;
  const kind = view.getUint8(at);
  const length = room < 2 ? NaN : view.getUint8(at + 1);
  const header = length === 127 ? 10 : length === 126 ? 4 : 2;
  if ((kind !== TEXT && kind !== BINARY) || !(length < 128) || room < header) throw new MessageError(`no frame at byte ${at} of a bundle`);
  let size = length;
  if (header === 4) size = view.getUint16(at + 2);
  if (header === 10) size = view.getUint32(at + 2) * 2 ** 32 + view.getUint32(at + 6);
  if (size > room - header || size > MAX_MESSAGE) throw new MessageError(`frame of ${size} bytes at byte ${at} of a bundle`);
  return { isText: kind === TEXT, start: at + header, end: at + header + size };
}
