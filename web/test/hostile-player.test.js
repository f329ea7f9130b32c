import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { BoxError } from '../box-reader.js';
import { readInit } from '../codec-init.js';
import { readSamples } from '../codec-samples.js';
import { Player } from '../player.js';
import { initMessage, message } from './bytes.js';
import { FakeSourceBuffer, timeRanges } from './fake-buffer.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';
import { FakeVideo } from './fake-video.js';
import { Fuzz } from './fuzz.js';
import { chunk, init, visualEntry } from './codec-bytes.js';

/** How many messages are tried. HOSTILE=1000000 tries more. */
const ROUNDS = Number(process.env.HOSTILE ?? 3_000);
const BOUND = 60_000 * Math.max(1, ROUNDS / 3_000);
/** What a server that accepts whoever comes can make a player keep beside its media. */
const MAX_GROWTH = 256 << 20;

/** Takes whatever comes, and has it buffered at once or a moment later. */
class HungryBuffer extends FakeSourceBuffer {
  appendBuffer(data) {
    assert.ok(data.length <= 20 << 20, `append of ${data.length} bytes`);
    this.updating = true;
    const [, end] = this.pairs[0] ?? [0, 0];
    this.pairs = [[0, end + 1 / 30]];
  }
}

class HungrySource extends EventTarget {
  static isTypeSupported = () => true;
  static last = null;
  readyState = 'open';
  sourceBuffers = [];

  constructor() {
    super();
    HungrySource.last = this;
  }

  addSourceBuffer() {
    this.sourceBuffers.push(new HungryBuffer());
    return this.sourceBuffers.at(-1);
  }

  endOfStream() {
    this.readyState = 'ended';
  }

  digest() {
    for (const buffer of this.sourceBuffers) if (buffer.updating) buffer.finish();
  }
}

class HungryVideo extends FakeVideo {
  readyState = 4;

  get buffered() {
    return HungrySource.last?.sourceBuffers[0]?.buffered ?? timeRanges([]);
  }

  getVideoPlaybackQuality() {
    return { totalVideoFrames: 0, droppedVideoFrames: 0 };
  }

  removeAttribute() {}

  load() {}
}

const replaced = {
  document: Object.assign(new EventTarget(), { hidden: false }),
  MediaSource: HungrySource,
  SourceBuffer: HungryBuffer,
  HTMLMediaElement: { HAVE_NOTHING: 0, HAVE_CURRENT_DATA: 2 },
  addEventListener() {},
  requestAnimationFrame: () => 1,
  cancelAnimationFrame() {},
};
const { createObjectURL } = URL;

beforeEach(() => {
  Object.assign(globalThis, replaced);
  URL.createObjectURL = () => 'blob:fake';
});

afterEach(() => {
  for (const name of Object.keys(replaced)) delete globalThis[name];
  URL.createObjectURL = createObjectURL;
});

/** What a server of good will would send: an init segment now and then, and groups of one chunk. */
function behave(fuzz, socket, i) {
  const fields = { track: 1 + fuzz.below(2), epoch: 3, group: i };
  const info = fields.track === 1 ? { number: 1, kind: 'video', codec: 'avc1.4D401E' } : { number: 2, kind: 'audio', codec: 'mp4a.40.2' };
  socket.deliver(fuzz.below(4) ? message({ ...fields, time: i * 33_333 }) : initMessage(info, fields));
}

/** One thing that a server does to a player. */
function attack(fuzz, socket, i) {
  if (fuzz.below(2)) {
    behave(fuzz, socket, i);
    return;
  }
  const kind = fuzz.below(60);
  if (kind === 0) socket.lose(fuzz.pick([1000, 1006, 1011, 4100, 4200, 4400]), 'x'.repeat(fuzz.below(123)));
  else if (kind < 8) socket.deliver(fuzz.control());
  else if (kind === 8) socket.deliver('[{'.repeat(fuzz.below(100_000)));
  else if (kind === 9) socket.deliver(new ArrayBuffer(fuzz.below(1 << 20)));
  else socket.deliver(fuzz.message());
}

test('a player lives through whatever a server sends, and does not grow', { timeout: BOUND }, async () => {
  const fuzz = new Fuzz(6);
  const clock = new FakeClock();
  const fetch = async () => new Response('{}', { status: fuzz.pick([200, 404, 503]) });
  const video = new HungryVideo();
  const player = new Player(video, { WebSocket: FakeSocket, fetch, clock, random: () => fuzz.roll() });
  const problems = [];
  // Node loses some listeners of one target that a signal should remove, and warns of them.
  setMaxListeners(0, video, document);
  player.addEventListener('error', ({ detail }) => problems.push(detail.message));
  const before = process.memoryUsage();
  let chunks = 0;
  const states = new Set();
  for (let i = 0; i < ROUNDS; i++) {
    // A player that was told that this is the end is asked to begin again.
    if (['idle', 'ended', 'failed', 'unsupported'].includes(player.status.state)) player.load('ws://edge/live/cam1');
    const socket = FakeSocket.last;
    if (socket.onopen && !socket.protocol) socket.accept();
    attack(fuzz, socket, i);
    if (fuzz.below(3)) HungrySource.last.digest();
    if (!video.paused) video.move(0.03);
    if (video.seeking && fuzz.below(2)) video.arrive();
    clock.advance(fuzz.below(100));
    if (!FakeSocket.last.onopen) {
      await setImmediate(); // why the connection was lost is asked and answered
      for (let wait = 0; wait < 300 && !FakeSocket.last.onopen; wait++) clock.advance(100);
    }
    const { stats } = player;
    for (const n of [stats.bufferMs, stats.targetMs, stats.rate, stats.bytes]) assert.ok(Number.isFinite(n), JSON.stringify(stats));
    assert.ok(stats.tracks.length <= 2 && clock.pending < 50);
    chunks = Math.max(chunks, stats.chunks);
    states.add(player.status.state);
    FakeSocket.made.splice(0, FakeSocket.made.length - 5);
    problems.splice(0, problems.length - 50);
  }
  player.close();
  const after = process.memoryUsage();
  const growth = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  assert.ok(growth < MAX_GROWTH, `it has grown by ${growth} bytes`);
  assert.ok(chunks > 0 && problems.length > 0, `${chunks} chunks played, ${problems.length} refused`);
  assert.ok(states.has('live') && states.size > 2, [...states].join(', '));
  for (const message of problems) assert.ok(message.length < 300, message);
});

test('what WebCodecs is given is read or refused, within bounds', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(7);
  const seeds = {
    init: init(visualEntry('avc1', 640, 360)),
    chunk: chunk({ samples: [{ size: 2, duration: 10, flags: 0, offset: 5 }, { size: 1 }] }),
  };
  const counts = { read: 0, refused: 0 };
  const bearing = (call) => {
    try {
      call();
      counts.read++;
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      counts.refused++;
    }
  };
  for (let i = 0; i < ROUNDS; i++) {
    const hostile = new Uint8Array(fuzz.mutate(seeds.init.buffer));
    bearing(() => readInit({ number: 1, kind: fuzz.pick(['video', 'audio']), codec: 'avc1.4D401E' }, hostile));
    const bytes = new Uint8Array(fuzz.mutate(seeds.chunk.buffer));
    bearing(() => {
      const samples = readSamples(bytes, { duration: fuzz.number(), size: fuzz.number(), flags: fuzz.number() });
      assert.ok(samples.length <= 4096);
      for (const { time, data } of samples) assert.ok(Number.isFinite(time) && data.length <= bytes.length);
    });
  }
  assert.ok(counts.read > 0 && counts.refused > ROUNDS / 10, JSON.stringify(counts));
});
