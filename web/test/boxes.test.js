import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChunk, checkInit } from '../boxes.js';
import { ascii, box, chunkBytes, concat, hex, initBytes } from './bytes.js';

const longMdat = concat(hex('00000001'), ascii('mdat'), hex('0000000000000014'), new Uint8Array(4));
const openMdat = concat(hex('00000000'), ascii('mdat'), new Uint8Array(9));

const good = {
  chunk: [checkChunk, chunkBytes],
  'chunk with boxes in front': [checkChunk, concat(box('styp'), box('prft', new Uint8Array(24)), box('emsg'), chunkBytes)],
  'mdat with a size of 64 bits': [checkChunk, concat(box('moof'), longMdat)],
  'mdat to the end': [checkChunk, concat(box('moof'), openMdat)],
  init: [checkInit, initBytes],
};
for (const [name, [check, bytes]] of Object.entries(good)) {
  test(`accepted: ${name}`, () => assert.equal(check(bytes), null));
}

const bad = {
  nothing: [checkChunk, new Uint8Array(0)],
  zeros: [checkChunk, new Uint8Array(100)],
  noise: [checkChunk, Uint8Array.from({ length: 500 }, (_, i) => (i * 197) % 251)],
  'a chunk cut short': [checkChunk, chunkBytes.subarray(0, chunkBytes.length - 1)],
  'a chunk with a tail': [checkChunk, concat(chunkBytes, [0, 0, 0])],
  'no mdat': [checkChunk, box('moof')],
  'an init segment for a chunk': [checkChunk, initBytes],
  'a chunk for an init segment': [checkInit, chunkBytes],
  'a size below the header': [checkChunk, concat(hex('00000007'), ascii('moof'), chunkBytes)],
  'a 64-bit size below the header': [checkChunk, concat(hex('00000001'), ascii('moof'), hex('000000000000000f'), chunkBytes)],
  'a 64-bit size beyond all': [checkChunk, concat(hex('00000001'), ascii('moof'), hex('ffffffffffffffff'), chunkBytes)],
  'too many boxes': [checkChunk, concat(...Array.from({ length: 100 }, () => box('free')), chunkBytes)],
};
for (const [name, [check, bytes]] of Object.entries(bad)) {
  test(`refused: ${name}`, () => assert.notEqual(check(bytes), null));
}

test('a view into a larger buffer', () => {
  const whole = concat(new Uint8Array(13), chunkBytes, new Uint8Array(5));
  assert.equal(checkChunk(whole.subarray(13, 13 + chunkBytes.length)), null);
});
