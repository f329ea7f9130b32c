import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Speaker } from '../codec-speaker.js';
import { FakeClock } from './fake-clock.js';
import { FakeVideo } from './fake-video.js';

/** An audio context of a browser which lets it run when a test says so. */
class FakeContext {
  static made = [];
  static refuses = false;
  state = 'suspended';
  destination = {};
  audioWorklet = { addModule: async () => {} };

  constructor() {
    if (FakeContext.refuses) throw new DOMException('too many', 'NotSupportedError');
    FakeContext.made.push(this);
  }

  async resume() {}

  async suspend() {
    this.state = 'suspended';
    this.onstatechange?.();
  }

  async close() {
    this.state = 'closed';
    this.onstatechange?.();
  }

  run() {
    this.state = 'running';
    this.onstatechange();
  }
}

class FakeNode {
  port = { postMessage: () => {} };
  gain = { value: 1 };
  connect = (next) => next;
}

function setUp() {
  const video = new FakeVideo();
  const clock = new FakeClock();
  const log = { aloud: [], refused: 0, errors: [] };
  const handlers = {
    onport: (port) => port.close(),
    onaloud: (aloud) => log.aloud.push(aloud),
    onrefused: () => log.refused++,
    onerror: (message) => log.errors.push(message),
  };
  const speaker = new Speaker(video, handlers, clock, 0.02);
  return { video, clock, log, speaker };
}

beforeEach(() => {
  FakeContext.made = [];
  FakeContext.refuses = false;
  Object.assign(globalThis, { AudioContext: FakeContext, AudioWorkletNode: FakeNode, GainNode: FakeNode });
});

afterEach(() => {
  for (const name of ['AudioContext', 'AudioWorkletNode', 'GainNode']) delete globalThis[name];
});

test('sound that the browser lets run is heard', async () => {
  const { clock, log, speaker } = setUp();
  speaker.wanted = true;
  await setImmediate();
  FakeContext.made[0].run();
  clock.advance(2_000);
  assert.equal(log.aloud.at(-1), true);
  assert.equal(log.refused, 0);
  speaker.close();
  assert.equal(log.aloud.at(-1), false);
});

test('sound that the browser does not let run is refused', async () => {
  const { clock, log, speaker } = setUp();
  speaker.wanted = true;
  await setImmediate();
  clock.advance(1_000);
  assert.equal(log.refused, 1);
});

test('a pause before the sound has begun is no refusal', async () => {
  const { clock, log, speaker } = setUp();
  speaker.wanted = true;
  await setImmediate();
  clock.advance(100);
  speaker.wanted = false;
  clock.advance(1_000);
  assert.equal(log.refused, 0);
});

test('nor is a mute', async () => {
  const { video, clock, log, speaker } = setUp();
  speaker.wanted = true;
  await setImmediate();
  video.muted = true;
  video.fire('volumechange');
  clock.advance(1_000);
  assert.equal(log.refused, 0);
});

test('a browser without any audio context left is told', async () => {
  FakeContext.refuses = true;
  const { log, speaker } = setUp();
  speaker.wanted = true;
  await setImmediate();
  assert.deepEqual(log.errors, ['too many']);
});
