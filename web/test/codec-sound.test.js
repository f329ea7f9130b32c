import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoundTrack } from '../codec-sound.js';
import { chunk } from './codec-bytes.js';
import { fakeDecoders } from './fake-decoder.js';

const INIT = { kind: 'audio', timescale: 48_000, defaults: { duration: 1024, size: 4, flags: 0 }, config: { codec: 'mp4a.40.2' } };

function setUp(options) {
  const { FakeDecoder, made } = fakeDecoders(options);
  const sounds = [];
  const unsupported = [];
  const track = new SoundTrack((sound) => sounds.push(sound), (message) => unsupported.push(message), FakeDecoder);
  track.setInit(INIT);
  return { track, made, sounds, unsupported };
}

const piece = (time) => ({ track: 2, payload: chunk({ samples: [{}, {}] }), place: { time, offset: 0, first: true }, wallClock: 0, burst: 0.04 });

test('nothing is decoded until it is wanted', () => {
  const { track, made, sounds } = setUp();
  assert.ok(Math.abs(track.append(piece(1)) - (1 + 2048 / 48_000)) < 1e-9);
  assert.equal(made.length, 0);
  track.wanted = true;
  track.append(piece(2));
  made[0].finish();
  assert.deepEqual(sounds.map(({ time }) => time), [2, 2.021333]);
  assert.deepEqual(sounds[0].planes.map((plane) => [...plane]), [[1, 1, 1, 1], [2, 2, 2, 2]]);
  assert.equal(track.decoded, 2);
  track.wanted = false;
  assert.equal(made[0].state, 'closed');
});

test('what does not continue goes to another decoder, and nothing is lost', async () => {
  const { track, made, sounds } = setUp();
  track.wanted = true;
  track.append(piece(1));
  track.append(piece(1 + 2048 / 48_000));
  assert.equal(made.length, 1);
  track.append(piece(3));
  assert.equal(made.length, 2);
  made[0].finish();
  made[1].finish();
  assert.equal(sounds.length, 6);
  await new Promise(setImmediate);
  assert.deepEqual(made.map(({ state }) => state), ['closed', 'configured']);
  track.wanted = false;
  assert.equal(made[1].state, 'closed');
});

test('time that jumps all the while opens no end of decoders', () => {
  const { track, made } = setUp();
  track.wanted = true;
  for (let n = 0; n < 100; n++) track.append(piece(n));
  const open = made.filter(({ state }) => state !== 'closed');
  assert.ok(open.length <= 4, `${open.length}`);
});

test('it goes on after a failure, and tells when it only fails', () => {
  const { track, made, unsupported } = setUp();
  track.wanted = true;
  for (let n = 1; n <= 3; n++) {
    track.append(piece(n));
    assert.equal(made.length, n);
    made[n - 1].fail();
  }
  assert.deepEqual(unsupported, ['cannot']);
});

test('a codec that is not there is told', async () => {
  const { unsupported } = setUp({ supported: false });
  await Promise.resolve().then(() => {});
  assert.deepEqual(unsupported, ['no decoder for mp4a.40.2']);
});

test('what the decoder has to do is bounded', () => {
  const { track, made } = setUp();
  track.wanted = true;
  for (let n = 0; n < 2000; n++) track.append(piece((n * 2048) / 48_000));
  assert.ok(made[0].given.length <= 2049, `${made[0].given.length}`);
});
