import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Outlet } from '../publish-outlet.js';
import { FakeClock } from './fake-clock.js';
import { StrictServer } from './publish-server.js';

const VIDEO = { track: 1, kind: 'video', codec: 'avc1.42E01F', width: 1280, height: 720, frameRate: 30, bitrate: 1e6 };
const AUDIO = { track: 2, kind: 'audio', codec: 'opus', sampleRate: 48000, channels: 2, bitrate: 96000 };

let clock;
let server;
let restarts;
let time;

beforeEach(() => {
  clock = new FakeClock();
  server = new StrictServer();
  restarts = 0;
  time = 0;
});

function makeOutlet(expected) {
  const outlet = new Outlet(expected, { send: (message) => server.take(message), onrestart: () => restarts++, onsent: () => {} }, clock);
  outlet.frame = (track, type = 'delta') => outlet.send(track, { type, byteLength: 1, copyTo: (to) => to.set([5]) }, (time += 1000), 0);
  return outlet;
}

test('nothing goes before all tracks are known, and then a key frame first', () => {
  const outlet = makeOutlet(2);
  outlet.open();
  outlet.describe(VIDEO);
  outlet.frame(1, 'key');
  assert.deepEqual(server.log, []);
  outlet.describe(AUDIO);
  outlet.frame(1);
  outlet.frame(2, 'key');
  assert.equal(restarts, 1);
  outlet.frame(1, 'key');
  outlet.frame(1);
  assert.deepEqual(server.log, ['start', 'clock', '2k', '1k', '1']);
  assert.deepEqual([...server.tracks.keys()], [1, 2]);
});

test('a track that does not come holds the others up for 1.5 s only, and may come later', () => {
  const outlet = makeOutlet(2);
  outlet.open();
  outlet.describe(VIDEO);
  clock.advance(1_499);
  outlet.frame(1, 'key');
  assert.deepEqual(server.log, []);
  clock.advance(1);
  outlet.frame(1, 'key');
  outlet.describe(AUDIO);
  outlet.frame(2, 'key');
  outlet.frame(1);
  outlet.frame(1, 'key');
  assert.deepEqual(server.log, ['start', 'clock', '1k', 'start', 'clock', '2k', '1k']);
});

test('another connection is told anew', () => {
  const outlet = makeOutlet(1);
  outlet.describe(VIDEO);
  outlet.frame(1, 'key');
  outlet.open();
  outlet.frame(1, 'key');
  outlet.close();
  outlet.frame(1);
  server = new StrictServer();
  outlet.open();
  outlet.frame(1);
  outlet.frame(1, 'key');
  assert.deepEqual(server.log, ['start', 'clock', '1k']);
});

test('a track that is gone is not announced any more', () => {
  const outlet = makeOutlet(2);
  outlet.open();
  outlet.describe(VIDEO);
  outlet.describe(AUDIO);
  outlet.frame(1, 'key');
  assert.equal(outlet.audioCodec, 'opus');
  outlet.remove(2);
  outlet.frame(2, 'key');
  outlet.frame(1, 'key');
  assert.deepEqual(server.log, ['start', 'clock', '1k', 'start', 'clock', '1k']);
  assert.deepEqual([...server.tracks.keys()], [1]);
  assert.equal(outlet.audioCodec, '');
});

test('behind a picture that is too large comes a key frame', () => {
  const outlet = makeOutlet(1);
  outlet.open();
  outlet.describe(VIDEO);
  outlet.frame(1, 'key');
  outlet.send(1, { type: 'delta', byteLength: (8 << 20) + 1, copyTo: () => {} }, (time += 1000), 0);
  assert.equal(restarts, 2);
  outlet.frame(1);
  outlet.frame(1, 'key');
  outlet.send(1, { type: 'delta', byteLength: 0, copyTo: () => {} }, (time += 1000), 0);
  outlet.frame(1);
  assert.deepEqual(server.log, ['start', 'clock', '1k', '1k', '1']);
});

test('the clocks are tied again every ten seconds', () => {
  const outlet = makeOutlet(1);
  outlet.open();
  outlet.describe(AUDIO);
  for (let i = 0; i < 25; i++) {
    outlet.frame(2, 'key');
    clock.advance(1_000);
  }
  assert.equal(server.log.filter((entry) => entry === 'clock').length, 3);
});

test('the strict server is strict', () => {
  const frame = (bytes) => Uint8Array.from(bytes).buffer;
  const started = () => {
    const s = new StrictServer();
    s.take(JSON.stringify({ type: 'start', tracks: [VIDEO] }));
    return s;
  };
  const header = (flags, track, time, reserved = 0) => [flags, track, reserved, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, time, 9];
  started().take(frame(header(1, 1, 5)));
  assert.throws(() => new StrictServer().take(frame(header(1, 1, 5))), /not announced/);
  assert.throws(() => started().take(frame(header(0, 1, 5))), /no key frame/);
  assert.throws(() => started().take(frame(header(3, 1, 5))), /flags/);
  assert.throws(() => started().take(frame(header(1, 1, 5, 1))), /reserved/);
  assert.throws(() => started().take(frame(header(1, 1, 5).slice(0, 16))), /payload/);
  assert.throws(() => started().take('{"type":"hello"}'), /hello/);
  const twice = started();
  twice.take(frame(header(1, 1, 5)));
  assert.throws(() => twice.take(frame(header(0, 1, 5))), /after/);
});
