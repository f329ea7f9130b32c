import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CodecStage } from '../codec-stage.js';
import { box } from './bytes.js';
import { audioEntry, chunk, esds, init, visualEntry } from './codec-bytes.js';
import { FakeClock } from './fake-clock.js';
import { fakeDecoders } from './fake-decoder.js';

const VIDEO = { number: 1, kind: 'video', codec: 'avc1.64001f' };
const AUDIO = { number: 2, kind: 'audio', codec: 'mp4a.40.2' };
const STEP = 40;
const kept = {};

before(() => Object.assign(kept, { VideoDecoder: globalThis.VideoDecoder, AudioDecoder: globalThis.AudioDecoder }));
after(() => Object.assign(globalThis, kept));

/** A stage with fake decoders; frames come each 40 ms, in groups of 25. */
class Scene {
  clock = new FakeClock();
  drawn = [];
  reports = [];
  sent = [];
  video = fakeDecoders();
  audio = fakeDecoders();
  next = 0;
  track = 1;
  /** The decoder of the worker's browser is at once done, unless a test wants it otherwise. */
  decodes = true;

  constructor() {
    Object.assign(globalThis, { VideoDecoder: this.video.FakeDecoder, AudioDecoder: this.audio.FakeDecoder });
    this.stage = new CodecStage((report) => this.reports.push(report), this.clock);
    const canvas = { getContext: () => ({ drawImage: ({ timestamp }) => this.drawn.push(timestamp / 1000) }) };
    this.stage.take({ do: 'open', canvas, margin: 0.01 });
    this.stage.take({ do: 'init', info: VIDEO, payload: init(visualEntry('avc1', 64, 36, box('avcC', [1])), { timescale: 1000 }) });
  }

  get standing() {
    return this.reports.findLast((report) => report.standing)?.standing;
  }

  addSound() {
    this.stage.take({ do: 'init', info: AUDIO, payload: init(audioEntry('mp4a', 2, 48_000, esds([0x11, 0x90])), { timescale: 1000 }) });
    this.port = { postMessage: (message) => this.sent.push(message) };
    this.stage.take({ do: 'sound', port: this.port });
    this.stage.take({ do: 'aloud', aloud: true, latency: 0.01 });
  }

  /** One frame comes, captured when it begins. */
  frame() {
    const n = this.next++;
    const payload = chunk({ samples: [{ size: 4, duration: STEP, flags: n % 25 ? 0x10000 : 0 }] });
    const place = { time: (n * STEP) / 1000, offset: 0, first: n % 25 === 0 };
    const wallClock = this.clock.wall() - STEP;
    this.stage.take({ do: 'chunk', piece: { track: this.track, payload, place, wallClock, burst: STEP / 1000 } });
    this.decode();
  }

  decode() {
    if (!this.decodes) return;
    for (const decoder of this.video.made) for (let i = 0; i < 50 && decoder.given.length; i++) decoder.finish();
  }

  /** So many frames come in time. */
  run(count) {
    for (let i = 0; i < count; i++) {
      this.clock.advance(STEP);
      this.frame();
    }
  }
}

test('frames are drawn one by one, in time, and their delay is known', () => {
  const scene = new Scene();
  scene.run(100);
  assert.deepEqual(scene.drawn.slice(-50), Array.from({ length: 50 }, (_, i) => scene.drawn.at(-50) + i * STEP));
  const { latencyMs, placed, drawn } = scene.standing;
  assert.ok(placed && drawn === scene.drawn.length);
  assert.ok(latencyMs >= STEP && latencyMs < STEP + 40, `${latencyMs} ms`);
});

test('of a burst only the newest frame is drawn', () => {
  const scene = new Scene();
  scene.decodes = false;
  for (let i = 0; i < 20; i++) scene.frame();
  scene.decodes = true;
  scene.decode();
  assert.ok(scene.drawn.length <= 1, 'the last is due when its margin is over');
  scene.clock.advance(60);
  assert.deepEqual(scene.drawn.slice(-1), [19 * STEP]);
  assert.ok(scene.drawn.length <= 2, `${scene.drawn}`);
});

test('hidden, nothing is decoded or drawn; shown again, it goes on with the newest frame', () => {
  const scene = new Scene();
  scene.run(60);
  const { length } = scene.drawn;
  scene.stage.take({ do: 'idle', paused: false, hidden: true });
  scene.run(100);
  assert.equal(scene.drawn.length, length);
  scene.stage.take({ do: 'idle', paused: false, hidden: false });
  scene.decode();
  scene.run(5);
  assert.ok(scene.drawn.at(-1) >= (scene.next - 3) * STEP, `${scene.drawn.at(-1)}`);
  assert.ok(scene.drawn.length <= length + 7, 'the past is not shown');
});

test('paused, it falls behind; then it goes on at the live edge', () => {
  const scene = new Scene();
  scene.run(60);
  scene.stage.take({ do: 'idle', paused: true, hidden: false });
  scene.run(50);
  assert.ok(scene.standing.lag > 1.9, `${scene.standing.lag}`);
  scene.stage.take({ do: 'idle', paused: false, hidden: false });
  scene.decode();
  scene.run(5);
  assert.equal(scene.standing.lag, 0);
  assert.ok(scene.drawn.at(-1) >= (scene.next - 3) * STEP);
});

test('a broken chunk, or a decoder that fails, costs a group and is told', () => {
  const scene = new Scene();
  scene.run(30);
  const piece = { track: 1, payload: new Uint8Array(12), place: { time: 1.2, offset: 0, first: false }, wallClock: 0, burst: 0.04 };
  scene.stage.take({ do: 'chunk', piece });
  assert.deepEqual(scene.reports.filter((report) => report.lost), [{ lost: 1 }]);
  const { length } = scene.drawn;
  scene.run(15);
  assert.ok(scene.drawn.length <= length + 1, 'only what had been decoded');
  scene.run(30);
  assert.ok(scene.drawn.length > length + 20);
  scene.video.made.at(-1).fail();
  assert.equal(scene.reports.filter((report) => report.lost).length, 2);
  scene.run(50);
  assert.ok(scene.drawn.at(-1) >= (scene.next - 3) * STEP);
});

test('an init segment that makes no sense is not supported', () => {
  const scene = new Scene();
  scene.stage.take({ do: 'init', info: VIDEO, payload: box('moov') });
  assert.deepEqual(scene.reports.filter((report) => report.unsupported), [{ unsupported: 'no mdia box' }]);
});

test('the sound that is heard leads the picture, and its lack does not stop it', () => {
  const scene = new Scene();
  scene.addSound();
  scene.run(50);
  for (let i = 0; i < 50; i++) {
    const position = (scene.next * STEP) / 1000 - 0.3;
    scene.port.onmessage({ data: { playing: true, position, ahead: 0.1, target: 0.02, rate: 1, stalls: 1, jumps: 0 } });
    scene.run(1);
  }
  const behind = scene.next * STEP - scene.drawn.at(-1);
  assert.ok(behind > 220 && behind < 320, `${behind} ms behind, want 300 less what a picture may be ahead`);
  assert.equal(scene.standing.targetMs, 20);
  assert.equal(scene.standing.stalls, 1);
  scene.run(100);
  assert.ok(scene.next * STEP - scene.drawn.at(-1) < 120, 'without the sound it goes its own pace');
});

test('the sound waits for a picture that comes later', () => {
  const scene = new Scene();
  scene.addSound();
  scene.run(10);
  for (let i = 0; i < 100; i++) {
    const position = (scene.next * STEP) / 1000 + 0.3;
    scene.port.onmessage({ data: { playing: true, position, ahead: 0.1, target: 0.02, rate: 1, stalls: 0, jumps: 0 } });
    scene.run(1);
  }
  const need = scene.sent.find((message) => message.need !== undefined)?.need;
  assert.ok(need > 0.2 && need < 0.45, `${need}`);
});

test('the sound does not wait for a picture that comes late once', () => {
  const scene = new Scene();
  scene.addSound();
  for (let i = 0; i < 300; i++) {
    const position = (scene.next * STEP) / 1000 - 0.02;
    scene.port.onmessage({ data: { playing: true, position, ahead: 0.1, target: 0.02, rate: 1, stalls: 0, jumps: 0 } });
    if (i === 150) scene.clock.advance(200);
    scene.run(1);
  }
  assert.deepEqual(scene.sent.filter((message) => message.need !== undefined), []);
  const { skewMs } = scene.standing;
  assert.ok(Math.abs(skewMs) < 50, `${skewMs} ms`);
});

test('decoded sound goes to the worklet while it is wanted', () => {
  const scene = new Scene();
  scene.addSound();
  const sound = () => {
    const piece = { track: 2, payload: chunk({ samples: [{ size: 4, duration: 21 }] }), place: { time: 1, offset: 0, first: true }, wallClock: 0, burst: 0.02 };
    scene.stage.take({ do: 'chunk', piece });
    for (const decoder of scene.audio.made) if (decoder.state === 'configured') decoder.finish();
  };
  sound();
  assert.equal(scene.sent.filter((message) => message.sound).length, 1);
  scene.stage.take({ do: 'aloud', aloud: false, latency: 0 });
  sound();
  assert.equal(scene.sent.filter((message) => message.sound).length, 1);
  assert.ok(scene.sent.some((message) => message.clear));
});

test('another rendition takes the place of the one that plays', () => {
  const scene = new Scene();
  scene.run(25);
  const info = { ...VIDEO, number: 3, codec: 'vp09.00.10.08' };
  scene.stage.take({ do: 'init', info, payload: init(visualEntry('vp09', 32, 18), { timescale: 1000 }) });
  scene.track = 3;
  scene.run(50);
  assert.deepEqual(scene.video.made.map(({ configs }) => configs.map(({ codec }) => codec)), [['avc1.64001f', 'vp09.00.10.08']]);
  assert.deepEqual(scene.drawn.slice(-40), Array.from({ length: 40 }, (_, i) => scene.drawn.at(-40) + i * STEP));
});

test('it is over when all has been shown', () => {
  const scene = new Scene();
  scene.run(30);
  scene.stage.take({ do: 'end' });
  scene.clock.advance(200);
  assert.equal(scene.standing.over, true);
  assert.equal(scene.drawn.at(-1), (scene.next - 1) * STEP);
});

test('closed, it leaves no timer', () => {
  const scene = new Scene();
  scene.run(30);
  scene.stage.take({ do: 'close' });
  assert.equal(scene.clock.pending, 0);
});
