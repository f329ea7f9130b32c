import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoxError } from '../box-reader.js';
import { VideoTrack } from '../codec-video.js';
import { chunk } from './codec-bytes.js';
import { fakeDecoders } from './fake-decoder.js';

const INIT = { kind: 'video', timescale: 1000, defaults: { duration: 40, size: 4, flags: 0 }, config: { codec: 'avc1.64001f' } };

function setUp(options) {
  const { FakeDecoder, made } = fakeDecoders(options);
  const log = { frames: [], lost: 0, unsupported: [], now: 0 };
  const track = new VideoTrack(
    {
      onframe: (frame) => log.frames.push(frame.timestamp / 1e6),
      onlost: () => log.lost++,
      onunsupported: (message) => log.unsupported.push(message),
      now: () => log.now,
    },
    FakeDecoder,
  );
  track.setInit(INIT);
  return { track, made, log };
}

/** The nth frame, 40 ms each; groups are of 25. */
function frame(n, size = 4) {
  const key = n % 25 === 0;
  const payload = chunk({ time: n * 40, samples: [{ size, flags: key ? 0 : 0x10000 }] });
  return { track: 1, payload, place: { time: n * 0.04, offset: 0, first: key }, wallClock: 0, burst: 0.04 };
}

test('samples are decoded a little before they are due', () => {
  const { track, made, log } = setUp();
  for (let n = 0; n < 50; n++) track.append(frame(n));
  track.advance(0);
  assert.deepEqual(made[0].given.map(({ timestamp, type }) => [timestamp, type]), [[0, 'key'], [40_000, 'delta'], [80_000, 'delta'], [120_000, 'delta']]);
  assert.ok(Math.abs(track.next - 0.01) < 1e-9);
  made[0].finish();
  track.advance(0.2);
  made[0].finish();
  assert.deepEqual(log.frames, [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32]);
});

test('a decoder has no more in its queue than it can use', () => {
  const { track, made } = setUp();
  for (let n = 0; n < 250; n++) track.append(frame(n));
  track.advance(100);
  assert.equal(made[0].given.length, 32);
  for (let i = 0; i < 20 && made[0].given.length; i++) made[0].finish();
  assert.ok(track.isDone);
});

test('it says which frames have been overtaken', () => {
  const { track, made } = setUp();
  for (let n = 0; n < 3; n++) track.append(frame(n));
  track.advance(0.09);
  assert.ok(track.isOvertaken(0, 0.09));
  assert.ok(!track.isOvertaken(0, 0.03));
  made[0].finish();
  assert.ok(!track.isOvertaken(0.08, 1));
});

test('without a key frame nothing is decoded', () => {
  const { track, made } = setUp();
  assert.equal(track.append(frame(3)), null);
  track.advance(10);
  assert.equal(made.length, 0);
});

test('a failure costs the rest of the group', () => {
  const { track, made, log } = setUp();
  for (let n = 0; n < 5; n++) track.append(frame(n));
  track.advance(1);
  made[0].fail();
  assert.equal(log.lost, 1);
  assert.equal(track.append(frame(5)), null);
  track.append(frame(25));
  track.advance(1);
  assert.equal(made.length, 2);
  made[1].finish();
  assert.deepEqual(log.frames, [1]);
  assert.deepEqual(log.unsupported, []);
});

test('a decoder that only fails, or a codec that is not there, is told', async () => {
  const { track, made, log } = setUp();
  for (const n of [0, 25, 50]) {
    track.append(frame(n));
    track.advance(10);
    made.at(-1).fail();
  }
  assert.deepEqual(log.unsupported, ['cannot']);
  const other = setUp({ supported: false });
  await Promise.resolve().then(() => {});
  assert.deepEqual(other.log.unsupported, ['no decoder for avc1.64001f']);
});

test('another init segment configures the decoder for what follows it', () => {
  const { track, made } = setUp();
  track.append(frame(0));
  track.setInit({ ...INIT, config: { codec: 'vp09.00.10.08' } });
  track.append(frame(25));
  track.advance(10);
  assert.deepEqual(made[0].configs.map(({ codec }) => codec), ['avc1.64001f', 'vp09.00.10.08']);
});

test('idle it keeps the newest group, and goes on with it', () => {
  const { track, made } = setUp();
  for (let n = 0; n < 10; n++) track.append(frame(n));
  track.advance(0.1);
  track.idle = true;
  for (let n = 10; n < 60; n++) track.append(frame(n));
  track.advance(5);
  assert.equal(made[0].given.length, 0);
  assert.equal(track.next, null);
  track.idle = false;
  track.advance(5);
  assert.deepEqual([made[0].given[0].timestamp, made[0].given.length], [2_000_000, 10]);
});

test('a decoder that is too slow goes on with the next group', () => {
  const { track, made, log } = setUp();
  for (let n = 0; n < 20; n++) track.append(frame(n));
  track.advance(10);
  log.now = 2;
  track.append(frame(25));
  track.advance(10);
  assert.deepEqual(made[0].given.map(({ timestamp }) => timestamp), [1_000_000]);
});

test('what waits is bounded', () => {
  const { track, log } = setUp();
  for (let n = 0; n < 10; n++) track.append(frame(n, 8 << 20));
  assert.equal(log.lost, 1);
  assert.equal(track.next, null);
  for (let n = 25; n < 5000; n++) track.append({ ...frame(n), place: { ...frame(n).place, first: n === 25 } });
  assert.equal(log.lost, 2);
});

test('a broken chunk is an error, and what came is still there', () => {
  const { track } = setUp();
  track.append(frame(0));
  assert.throws(() => track.append({ ...frame(1), payload: frame(1).payload.slice(0, 40) }), BoxError);
  assert.notEqual(track.next, null);
});

test('closed, it hands on nothing', () => {
  const { track, made, log } = setUp();
  track.append(frame(0));
  track.advance(1);
  track.close();
  assert.equal(made[0].state, 'closed');
  made[0].finish();
  assert.deepEqual(log.frames, []);
});

test('after a moment of idleness it goes on in the midst of a group, from its start', () => {
  const { track, made, log } = setUp();
  for (let n = 0; n < 12; n++) track.append(frame(n));
  track.advance(0.2);
  made[0].finish();
  track.idle = true;
  track.append(frame(12));
  track.idle = false;
  assert.notEqual(track.append(frame(13)), null, 'it follows');
  track.advance(0.52);
  assert.deepEqual(made[0].given.map(({ timestamp }) => timestamp / 40_000), Array.from({ length: 14 }, (_, i) => i));
  made[0].finish();
  assert.equal(log.frames.at(-1), 0.52);
  assert.equal(log.lost, 0);
});

test('of a group that is too long to be kept it waits for the next', () => {
  const { track, made } = setUp();
  for (let n = 0; n < 5; n++) {
    track.append(frame(n, 20 << 20));
    track.advance(1);
    made[0].finish();
  }
  track.idle = true;
  track.idle = false;
  assert.equal(track.append(frame(5)), null);
  track.advance(1);
  assert.equal(made[0].given.length, 0);
});

test('at the end the decoder gives back what it holds', async () => {
  const { track, made } = setUp();
  for (let n = 0; n < 3; n++) track.append(frame(n));
  track.advance(1);
  // Its last frame is broken, and never comes back.
  const [decoder] = made;
  decoder.given.pop();
  track.end();
  track.advance(1);
  decoder.finish();
  assert.ok(!track.isDone);
  await Promise.resolve();
  assert.ok(track.isDone);
});
