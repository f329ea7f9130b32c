/**
 * A look at the outermost boxes of a payload (ISO/IEC 14496-12, 4.2) before a SourceBuffer sees it: garbage ends
 * playback in one browser and is swallowed without a word in another.
 */

const MAX_BOXES = 64;

/**
 * Says what is wrong with a payload that should be an init segment, or returns null if it looks like one.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function checkInit(bytes) {
  return checkBoxes(bytes, ['moov']);
}

/**
 * Says what is wrong with a payload that should be a chunk, or returns null if it looks like one.
 *
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function checkChunk(bytes) {
  return checkBoxes(bytes, ['moof', 'mdat']);
}

/**
 * @param {Uint8Array} bytes
 * @param {string[]} wanted
 * @returns {string | null}
 */
function checkBoxes(bytes, wanted) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Set();
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = boxSize(view, at);
    const type = size && boxType(view, at + 4);
    if (!size || !type || n >= MAX_BOXES) return `no box at byte ${at} of ${bytes.length}`;
    found.add(type);
    at += size;
  }
  const missing = wanted.find((type) => !found.has(type));
  return missing ? `no ${missing} box` : null;
}

/**
 * Returns the size of the box at a byte, or 0 if no whole box is there.
 *
 * @param {DataView} view
 * @param {number} at
 * @returns {number}
 */
function boxSize(view, at) {
  const room = view.byteLength - at;
  if (room < 8) return 0;
  let size = view.getUint32(at);
  if (size === 0) return room;
  let header = 8;
  if (size === 1) {
    if (room < 16) return 0;
    header = 16;
    size = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
  }
  return size >= header && size <= room ? size : 0;
}

/**
 * Returns the four characters of a box type, or '' if one of them cannot be printed.
 *
 * @param {DataView} view
 * @param {number} at
 * @returns {string}
 */
function boxType(view, at) {
  let type = '';
  for (let i = at; i < at + 4; i++) {
    const c = view.getUint8(i);
    if (c < 0x20 || c > 0x7e) return '';
    type += String.fromCharCode(c);
  }
  return type;
}
