import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Publisher, describeProblem } from '../publish.js';
import { PublishError } from '../publish-states.js';
import { FakeClock } from './fake-clock.js';
import { FakeAudioEncoder, FakeEncoder, FakeVideoEncoder, fakeData } from './fake-encoder.js';
import { FakeSocket } from './fake-socket.js';
import { StrictServer } from './publish-server.js';

let clock;
let server;
let states;
let camera;
let scaled;

beforeEach(() => {
  FakeSocket.made = [];
  FakeEncoder.reset();
  FakeVideoEncoder.supported = ['avc1', 'vp09', 'av01'];
  clock = new FakeClock();
  server = new StrictServer();
  states = [];
  scaled = [];
  camera = { track: makeTrack('video'), microphone: makeTrack('audio'), closed: 0, error: null };
});

function makeTrack(kind) {
  return Object.assign(new EventTarget(), { kind, stopped: false, stop() { this.stopped = true; } });
}

/** A socket that hands what it is sent to the strict server. */
class Socket extends FakeSocket {
  bufferedAmount = 0;

  send(message) {
    super.send(message);
    server.take(message);
  }
}

function makeScope() {
  const scope = { isSecureContext: true, document: { baseURI: 'http://edge/tv/' }, WebSocket: Socket };
  scope.fetch = async () => {
    throw new TypeError('no network');
  };
  scope.VideoEncoder = FakeVideoEncoder;
  scope.AudioEncoder = FakeAudioEncoder;
  for (const name of ['VideoFrame', 'AudioData', 'OffscreenCanvas', 'Worker', 'MediaStreamTrackProcessor']) scope[name] = class {};
  return scope;
}

function source(name) {
  return (_track, ...rest) => {
    camera[name] = rest.at(-1);
    return { close: () => camera.closed++ };
  };
}

function makePublisher(options = {}, environment = {}) {
  const publisher = new Publisher(
    { url: 'publish/cam1', ...options },
    {
      scope: makeScope(),
      clock,
      random: () => 1,
      openFrames: source('picture'),
      openSound: async (...args) => source('sound')(...args),
      scale: (frame, size) => {
        scaled.push(size);
        return fakeData(frame.timestamp, size);
      },
      capture: async (video, audio) => {
        if (camera.error) throw camera.error;
        const [pictures, sounds] = [video ? [camera.track] : [], audio ? [camera.microphone] : []];
        return { getVideoTracks: () => pictures, getAudioTracks: () => sounds, getTracks: () => [...pictures, ...sounds] };
      },
      ...environment,
    },
  );
  publisher.addEventListener('statechange', () => states.push(publisher.state));
  return publisher;
}

/** Lets promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Captures pictures at 30 and sound at 50 in a second. */
async function film(seconds, size) {
  const frames = [];
  for (let i = 0; i < seconds * 30; i++) {
    const frame = fakeData(clock.now() * 1000, size);
    frames.push(frame);
    camera.picture?.(frame, clock.now() * 1000);
    camera.sound?.(fakeData(9e9 + clock.now() * 1000), clock.now() * 1000);
    clock.advance(33.333);
    await settle();
  }
  return frames;
}

async function startLive(options, environment) {
  const publisher = makePublisher(options, environment);
  publisher.start();
  await settle();
  FakeSocket.last.accept();
  await film(0.2);
  FakeSocket.last.deliver('{"type":"live","epoch":3}');
  return publisher;
}

const videoEncoders = () => FakeEncoder.made.filter(({ kind }) => kind === 'video');

test('from the question for the camera to a clean end', async () => {
  const publisher = await startLive();
  const frames = await film(1);
  assert.equal(FakeSocket.last.url, 'ws://edge/tv/publish/cam1');
  assert.deepEqual(states, ['asking', 'connecting', 'live']);
  assert.deepEqual(server.log.slice(0, 2), ['start', 'clock']);
  assert.ok(server.log.includes('1k') && server.log.includes('2k'));
  const { codec, audioCodec, width, height, frameRate, bitrate, dropped } = publisher.stats;
  assert.deepEqual([codec, audioCodec, width, height, dropped], ['avc1.42E01F', 'opus', 1280, 720, 0]);
  assert.ok(frameRate > 25 && frameRate < 35 && bitrate > 0, `${frameRate} fps, ${bitrate} bit/s`);
  assert.ok(frames.every(({ closed }) => closed), 'a frame was not closed');
  publisher.stop();
  assert.equal(server.ended, true);
  assert.equal(publisher.state, 'idle');
  assert.equal(camera.closed, 2);
  assert.ok(camera.track.stopped && camera.microphone.stopped);
  assert.ok(FakeEncoder.made.every(({ state }) => state === 'closed'));
  assert.equal(clock.pending, 0);
});

test('it can be started again', async () => {
  const publisher = await startLive();
  publisher.stop();
  server = new StrictServer();
  publisher.start();
  await settle();
  FakeSocket.last.accept();
  await film(0.2);
  FakeSocket.last.deliver('{"type":"live","epoch":4}');
  assert.equal(publisher.state, 'live');
});

test('only a picture, only sound', async () => {
  await startLive({ audio: false });
  assert.deepEqual([...server.tracks.keys()], [1]);
  server = new StrictServer();
  camera.picture = null;
  await startLive({ video: false });
  assert.deepEqual([...server.tracks.keys()], [2]);
});

test('the server is obeyed when it wants a key frame', async () => {
  await startLive({ audio: false });
  await film(0.2);
  const before = server.log.filter((entry) => entry === '1k').length;
  FakeSocket.last.deliver('{"type":"keyframe","track":1}');
  await film(0.1);
  assert.equal(server.log.filter((entry) => entry === '1k').length, before + 1);
});

test('a lost connection is made again, and the server is told anew, beginning with a key frame', async () => {
  const publisher = await startLive();
  FakeSocket.last.lose();
  assert.equal(publisher.state, 'reconnecting');
  await film(0.5);
  server = new StrictServer();
  FakeSocket.last.accept();
  await film(0.2);
  assert.equal(publisher.state, 'reconnecting');
  FakeSocket.last.deliver('{"type":"live","epoch":4}');
  assert.equal(publisher.state, 'live');
  assert.equal(publisher.stats.reconnects, 1);
  assert.deepEqual(server.log.slice(0, 2), ['start', 'clock']);
});

test('a server that does not answer is told of, and asked again', async () => {
  const publisher = makePublisher();
  publisher.start();
  await settle();
  FakeSocket.last.lose();
  await settle();
  assert.deepEqual([publisher.state, publisher.status.unreachable], ['connecting', true]);
  assert.match(describeProblem(publisher.status), /does not answer/);
});

for (const [code, reason] of [
  [4300, 'refused'],
  [4303, 'taken'],
  [4304, 'taken-over'],
]) {
  test(`close ${code} ends it: ${reason}`, async () => {
    const publisher = makePublisher();
    publisher.start();
    await settle();
    FakeSocket.last.accept();
    FakeSocket.last.lose(code, 'why');
    assert.deepEqual([publisher.state, publisher.status.reason, publisher.status.detail], ['failed', reason, 'why']);
    assert.equal(camera.track.stopped, true);
    assert.equal(clock.pending, 0);
  });
}

test('sound after a lost connection has the time at which it was heard', async () => {
  const times = [];
  /** Counts samples from the first piece on, whatever the time of the others, as Chromium does. */
  class Counting extends FakeAudioEncoder {
    encode(data) {
      this.next ??= data.timestamp;
      super.encode({ ...data, timestamp: this.next });
      this.next += 33_333;
    }
  }
  await startLive({}, { scope: { ...makeScope(), AudioEncoder: Counting } });
  FakeSocket.last.lose();
  await film(3);
  server = new StrictServer();
  FakeSocket.last.accept();
  const { sent } = FakeSocket.last;
  await film(1);
  for (const message of sent) if (typeof message !== 'string' && new Uint8Array(message)[1] === 2) times.push(Number(new DataView(message).getBigInt64(8)));
  const late = clock.now() * 1000 - times.at(-1);
  assert.ok(late >= 0 && late < 100_000, `the newest sound is ${late} us old`);
});

test('an encoder that cannot be set up is given up', async () => {
  class Broken extends FakeVideoEncoder {
    configure() {
      throw new TypeError('no');
    }
  }
  const publisher = await startLive({}, { scope: { ...makeScope(), VideoEncoder: Broken } });
  await film(1);
  assert.equal(publisher.status.reason, 'encoder');
});

test('a codec that the server does not take is changed for another one, as long as there is one', async () => {
  const publisher = await startLive({ audio: false });
  for (const want of ['vp09', 'av01']) {
    FakeSocket.last.lose(4305, 'codec');
    server = new StrictServer();
    FakeSocket.last.accept();
    await film(0.2);
    assert.ok(server.tracks.get(1).codec.startsWith(want), `${server.tracks.get(1).codec}, want ${want}`);
  }
  FakeSocket.last.lose(4305, 'codec');
  assert.deepEqual([publisher.state, publisher.status.reason], ['failed', 'codec']);
});

test('an encoder that looks ahead is changed for another one before anything is sent, and that is remembered', async () => {
  const values = new Map();
  const scope = makeScope();
  scope.localStorage = { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value) };
  class Ahead extends FakeVideoEncoder {
    encode(data, options) {
      this.prompt = !this.config.codec.startsWith('avc1');
      super.encode(data, options);
    }
  }
  scope.VideoEncoder = Ahead;
  const publisher = makePublisher({ audio: false }, { scope });
  publisher.start();
  await settle();
  FakeSocket.last.accept();
  await film(1.2);
  assert.deepEqual(videoEncoders().map(({ config }) => config.codec.slice(0, 4)), ['avc1', 'vp09']);
  assert.equal(server.log.filter((entry) => entry === 'start').length, 1);
  assert.match(server.tracks.get(1).codec, /^vp09/);
  publisher.stop();
  server = new StrictServer();
  publisher.start();
  await settle();
  FakeSocket.last.accept();
  await film(0.1);
  assert.match(videoEncoders().at(-1).config.codec, /^vp09/);
});

test('an encoder that fails is made anew, and given up when it fails again and again', async () => {
  const publisher = await startLive({ audio: false, video: { codec: 'avc1' } });
  for (let i = 0; i < 2; i++) {
    videoEncoders().at(-1).fail('hardware');
    await film(0.2);
    assert.equal(publisher.state, 'live');
  }
  videoEncoders().at(-1).fail('hardware');
  assert.deepEqual([publisher.state, publisher.status.reason], ['failed', 'encoder']);
});

test('a browser without a video encoder', async () => {
  FakeVideoEncoder.supported = [];
  const publisher = makePublisher();
  publisher.start();
  await settle();
  FakeSocket.last.accept();
  await film(0.1);
  assert.deepEqual([publisher.state, publisher.status.reason], ['failed', 'encoder']);
});

test('pictures that are too large are made smaller; another size is told to the server', async () => {
  await startLive({ audio: false });
  assert.equal(scaled.length, 0);
  await film(0.2, { width: 1920, height: 1080 });
  assert.deepEqual(scaled.at(-1), { width: 1280, height: 720 });
  await film(0.2, { width: 720, height: 1280 });
  assert.deepEqual([server.tracks.get(1).width, server.tracks.get(1).height], [720, 1280]);
});

test('a line that is too slow costs frames, not the chain', async () => {
  const publisher = await startLive({ audio: false });
  FakeSocket.last.bufferedAmount = 10 << 20;
  await film(0.3);
  assert.ok(publisher.stats.dropped >= 9, `${publisher.stats.dropped} dropped`);
  FakeSocket.last.bufferedAmount = 0;
  await film(0.3);
  assert.equal(publisher.state, 'live');
});

test('a camera that goes ends it; a microphone does not', async () => {
  const publisher = await startLive();
  camera.microphone.dispatchEvent(new Event('ended'));
  await film(0.2);
  assert.equal(publisher.state, 'live');
  assert.match(publisher.status.note, /without sound/);
  assert.deepEqual([...server.tracks.keys()], [1]);
  camera.track.dispatchEvent(new Event('ended'));
  assert.deepEqual([publisher.state, publisher.status.reason, publisher.status.device], ['failed', 'ended', 'camera']);
  assert.equal(server.ended, true);
});

test('a camera that falls silent is told of', async () => {
  const publisher = await startLive({ audio: false });
  clock.advance(8_000);
  assert.match(publisher.status.note, /no pictures/);
  await film(0.1);
  clock.advance(2_000);
  assert.equal(publisher.status.note, '');
});

test('no permission', async () => {
  camera.error = new PublishError('denied', 'why', 'camera');
  const publisher = makePublisher();
  publisher.start();
  await settle();
  assert.deepEqual([publisher.state, publisher.status.reason, publisher.status.device], ['failed', 'denied', 'camera']);
  assert.equal(FakeSocket.made.length, 0);
});

test('stopped while the user is being asked, it gives the camera back', async () => {
  const publisher = makePublisher();
  publisher.start();
  publisher.stop();
  await settle();
  assert.equal(publisher.state, 'idle');
  assert.ok(camera.track.stopped);
  assert.equal(FakeSocket.made.length, 0);
});

test('a stream of the page stays the page’s', async () => {
  const stream = { getVideoTracks: () => [camera.track], getAudioTracks: () => [], getTracks: () => [camera.track] };
  const publisher = await startLive({ audio: false, stream });
  assert.equal(publisher.stream, stream);
  assert.ok(!states.includes('asking'));
  publisher.stop();
  assert.equal(camera.track.stopped, false);
});

test('an insecure page', () => {
  const publisher = makePublisher({}, { scope: { ...makeScope(), isSecureContext: false } });
  publisher.start();
  assert.deepEqual([publisher.state, publisher.status.reason], ['failed', 'insecure']);
});
