import { MAX_CONTROL } from '../message.js';
import { box, chunkBytes, concat, initMessage, message } from './bytes.js';

/** Numbers between 0 and 1, the same ones for a seed (mulberry32). */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes messages that a hostile server might send, the same ones for a seed. */
export class Fuzz {
  constructor(seed) {
    this.roll = dice(seed);
  }

  /** A whole number below n. */
  below(n) {
    return Math.floor(this.roll() * n);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(n) {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }

  /** A number that something may trip over. */
  number() {
    return this.pick([0, 1, 2, 7, 64, 255, 65_535, 2 ** 31, 2 ** 32 - 1, this.below(2 ** 32)]);
  }

  /** A copy with some bytes or words changed, cut, or longer. */
  mutate(buffer) {
    let bytes = new Uint8Array(buffer.slice(0));
    for (let i = this.below(6); i >= 0 && bytes.length; i--) {
      const at = this.below(bytes.length);
      const kind = this.below(4);
      if (kind === 0) bytes[at] = this.below(256);
      else if (kind === 1 && at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, this.number());
      else if (kind === 2) bytes = bytes.slice(0, at);
      else bytes = concat(bytes, this.bytes(this.below(64)));
    }
    return bytes.slice().buffer;
  }

  message() {
    const fields = { track: 1 + this.below(4), epoch: this.below(3), group: this.below(5), chunk: this.below(5), flags: this.below(256) };
    const kind = this.below(3);
    if (kind === 0) return this.mutate(message({ ...fields, time: this.number(), payload: this.boxes(2) }));
    if (kind === 1) return this.mutate(initMessage(this.info(fields.track), fields));
    return message({ ...fields, time: this.number() * this.below(1000), payload: chunkBytes });
  }

  boxes(depth) {
    const types = ['moof', 'mdat', 'moov', 'prft', 'emsg', '\0\0\0\0', 'free'];
    return concat(...Array.from({ length: 1 + this.below(5) }, () => box(this.pick(types), depth ? this.boxes(depth - 1) : this.bytes(9))));
  }

  info(number) {
    const info = { number, kind: this.pick(['video', 'audio', 'text', '', 7]), codec: this.pick(['avc1.4D401E', 'mp4a.40.2', '"; x', 'a'.repeat(200), null]) };
    for (const key of ['width', 'height', 'frameRate', 'bitrate', 'language', '__proto__']) if (this.below(2)) info[key] = this.value(2);
    return info;
  }

  value(depth) {
    const kind = this.below(depth ? 8 : 6);
    if (kind === 6) return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
    if (kind === 7) return Object.fromEntries(Array.from({ length: this.below(4) }, () => [this.word(), this.value(depth - 1)]));
    return [null, true, this.number(), -this.number(), this.word(), 1e308][kind];
  }

  word() {
    return this.pick(['type', 'gap', 'goaway', 'end', 'track', 'from', 'to', 'delay', '1.2.3', '9.9.99999999999', '__proto__', 'constructor', '\u2028']);
  }

  control() {
    const text = JSON.stringify({ type: this.pick(['gap', 'goaway', 'end', 'path', this.value(1)]), track: this.value(1), from: this.value(1), to: this.value(1), delay: this.value(1) });
    const kind = this.below(4);
    if (kind === 0) return text.slice(0, this.below(text.length));
    if (kind === 1) return this.pick(['[', '{"a":', '"']).repeat(this.below(MAX_CONTROL));
    return text;
  }
}
