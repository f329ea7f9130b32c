import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END_MESSAGE, MAX_FRAME, clockMessage, frameMessage, parseReply, startMessage } from '../publish-message.js';

function chunk(type, bytes, duration = 0) {
  return { type, byteLength: bytes.length, duration, copyTo: (to) => to.set(bytes) };
}

for (const [name, track, given, timestamp, want] of [
  ['key frame', 1, chunk('key', [0xaa, 0xbb], 33_333), 1_000_000, '010100000000823500000000000f4240aabb'],
  ['delta frame', 1, chunk('delta', [7]), 0x1_0000_0001, '0001000000000000000000010000000107'],
  ['sound', 2, chunk('key', [1], 20_000), 2468601.4, '0102000000004e20000000000025aaf901'],
  ['before the zero of the clock', 1, chunk('delta', [1]), -1, '0001000000000000ffffffffffffffff01'],
  ['a duration beyond its field', 1, chunk('delta', [1], 2 ** 40), 0, '00010000ffffffff000000000000000001'],
  ['a duration below zero', 1, chunk('delta', [1], -5), 0, '0001000000000000000000000000000001'],
]) {
  test(`frame message: ${name}`, () => {
    const message = frameMessage(track, given, timestamp, given.duration);
    assert.equal(Buffer.from(message).toString('hex'), want);
  });
}

test('a frame that is empty or too large makes no message', () => {
  const copyTo = () => {};
  assert.equal(frameMessage(1, { type: 'key', byteLength: 0, copyTo }, 0, 0), null);
  assert.equal(frameMessage(1, { type: 'key', byteLength: MAX_FRAME + 1, copyTo }, 0, 0), null);
  assert.equal(frameMessage(1, { type: 'key', byteLength: MAX_FRAME, copyTo }, 0, 0).byteLength, MAX_FRAME + 16);
});

test('control messages', () => {
  const track = { track: 2, kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 2, bitrate: 96000 };
  assert.deepEqual(JSON.parse(startMessage([track])), { type: 'start', tracks: [track] });
  assert.equal(clockMessage(12.6, 1.5), '{"type":"clock","timestamp":13,"wall":1.5}');
  assert.equal(END_MESSAGE, '{"type":"end"}');
});

for (const [text, want] of [
  ['{"type":"live","epoch":7}', { type: 'live', epoch: 7 }],
  ['{"type":"live"}', { type: 'live', epoch: 0 }],
  ['{"type":"keyframe","track":1}', { type: 'keyframe', track: 1 }],
  ['{"type":"keyframe","track":"1"}', null],
  ['{"type":"later"}', null],
  ['null', null],
  ['5', null],
  ['{broken', null],
  [`{"type":"live","epoch":1,"x":"${'x'.repeat(5000)}"}`, null],
  [new ArrayBuffer(3), null],
]) {
  test(`reply ${String(text).slice(0, 40)}`, () => assert.deepEqual(parseReply(text), want));
}
