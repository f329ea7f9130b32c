import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { CodecEngine } from '../codec-engine.js';
import { EngineChoice } from '../engine-choice.js';
import { FakeClock } from './fake-clock.js';
import { FakeVideo } from './fake-video.js';

const VIDEO = { number: 1, kind: 'video', codec: 'avc1.64001f' };
const AUDIO = { number: 2, kind: 'audio', codec: 'mp4a.40.2' };
const STANDING = {
  placed: true, over: false, lag: 0, latencyMs: null, drawnAt: 0, bufferMs: 0, targetMs: 0, rate: 1, drawn: 0, dropped: 0,
  sounds: 0, stalls: 0, jumps: 0,
};

class FakeCanvas extends EventTarget {
  part = { value: '' };
  setAttribute() {}
  remove() {}
  transferControlToOffscreen() {
    return {};
  }
}

class FakeWorker {
  static made = [];
  static refuses = false;
  sent = [];

  constructor() {
    if (FakeWorker.refuses) throw new DOMException('cannot be accessed from origin null', 'SecurityError');
    FakeWorker.made.push(this);
  }

  postMessage(command) {
    this.sent.push(command);
  }

  terminate() {
    this.isTerminated = true;
  }

  stands(standing) {
    this.onmessage({ data: { standing: { ...STANDING, ...standing } } });
  }
}

const SCOPE = {
  document: Object.assign(new EventTarget(), { hidden: false, createElement: () => new FakeCanvas() }),
  HTMLCanvasElement: FakeCanvas,
  Worker: FakeWorker,
  location: { origin: new URL(import.meta.url).origin },
};

function setUp() {
  const video = Object.assign(new FakeVideo(), { part: { value: 'video' }, after: () => {}, getAttribute: () => null });
  video.muted = true;
  const clock = new FakeClock();
  const log = { changes: 0, unsupported: [] };
  const handlers = {
    onchange: () => log.changes++, onbuffered: () => {}, ondrop: () => {}, onerror: () => {}, onplaychange: () => {},
    onunsupported: (message) => log.unsupported.push(message),
  };
  const engine = new CodecEngine(video, handlers, clock, 0.08);
  return { engine, video, clock, log, worker: FakeWorker.made.at(-1) };
}

beforeEach(() => {
  FakeWorker.made = [];
  FakeWorker.refuses = false;
  Object.assign(globalThis, SCOPE);
});

afterEach(() => {
  for (const name of Object.keys(SCOPE)) delete globalThis[name];
});

test('a picture that has stood for a second stands still, until the next one', () => {
  const { engine, clock, worker } = setUp();
  engine.start([VIDEO]);
  worker.stands({ drawn: 1, drawnAt: clock.wall() });
  clock.advance(1_500);
  assert.ok(engine.isFrozen);
  worker.stands({ drawn: 2, drawnAt: clock.wall() });
  assert.ok(!engine.isFrozen);
});

test('a pause is no stall', () => {
  const { engine, clock, worker } = setUp();
  engine.start([VIDEO]);
  worker.stands({ drawn: 1, drawnAt: clock.wall() });
  clock.advance(1_500);
  engine.pause();
  assert.ok(!engine.isFrozen);
  clock.advance(5_000);
  assert.ok(!engine.isFrozen);
});

test('a stream of sound alone is there once it has a position, and does not stand still', () => {
  const { engine, clock, worker } = setUp();
  engine.start([AUDIO]);
  assert.ok(!engine.hasPicture);
  worker.stands({});
  assert.ok(engine.hasPicture && !engine.isEmpty);
  engine.pause();
  engine.play();
  clock.advance(5_000);
  assert.ok(!engine.isFrozen);
});

test('with pictures there is nothing to look at before the first one', () => {
  const { engine, worker } = setUp();
  engine.start([VIDEO, AUDIO]);
  worker.stands({});
  assert.ok(engine.isEmpty);
});

test('where no worker may be made it does its work in the page', () => {
  FakeWorker.refuses = true;
  const { engine, log } = setUp();
  engine.close();
  assert.deepEqual(log.unsupported, []);
});

test('closed, it has ended its worker and shows the video again', () => {
  const { engine, video, clock, worker } = setUp();
  engine.start([VIDEO]);
  worker.stands({ drawn: 1, drawnAt: clock.wall() });
  engine.close();
  assert.ok(worker.isTerminated);
  assert.equal(video.hidden, false);
  assert.equal(clock.pending, 0);
});

test('a wall clock that is set in the meantime does no harm', () => {
  const { engine, worker } = setUp();
  engine.start([VIDEO]);
  worker.stands({ drawn: 1, drawnAt: 1 });
  assert.ok(engine.stats.firstFrameMs >= 0);
});

test('a pause while it is still being loaded holds', async () => {
  const SECURE = { isSecureContext: true, VideoDecoder: class {}, AudioDecoder: class {}, AudioWorkletNode: class {} };
  Object.assign(globalThis, SECURE);
  const { video, clock } = setUp();
  const choice = new EngineChoice(video, /** @type {any} */ ({ onchange() {}, onplaychange() {} }), clock);
  const loaded = choice.open('webcodecs', { margin: 0.07, budget: 0 });
  choice.pause();
  await loaded;
  assert.equal(choice.name, 'WebCodecs');
  assert.equal(choice.engine.paused, true);
  choice.close();
  for (const name of Object.keys(SECURE)) delete globalThis[name];
});
