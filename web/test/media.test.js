import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Media } from '../media.js';
import { FakeSourceBuffer } from './fake-buffer.js';
import { FakeVideo } from './fake-video.js';

const VIDEO = /** @type {any} */ ({ number: 1, kind: 'video', codec: 'avc1.42c01e' });

let source;
let video;

/** A ManagedMediaSource that a test opens, starts and stops. */
class FakeManagedSource extends EventTarget {
  readyState = 'closed';
  streaming = false;
  sourceBuffers = [];

  constructor() {
    super();
    source = this;
  }

  addSourceBuffer() {
    this.sourceBuffers.push(new FakeSourceBuffer());
    return this.sourceBuffers.at(-1);
  }

  open() {
    this.readyState = 'open';
    this.dispatchEvent(new Event('sourceopen'));
  }

  stream(on) {
    this.streaming = on;
    this.dispatchEvent(new Event(on ? 'startstreaming' : 'endstreaming'));
  }
}

/** Notes whether the picture could still go elsewhere when the source was set. */
class Video extends FakeVideo {
  disableRemotePlayback = false;
  removeAttribute() {}
  load() {}

  set src(url) {
    this.url = url;
    this.wasDisabled = this.disableRemotePlayback;
  }

  get src() {
    return this.url;
  }
}

beforeEach(() => {
  globalThis.SourceBuffer = /** @type {any} */ (class {});
  URL.createObjectURL = () => 'blob:1';
  URL.revokeObjectURL = () => {};
  video = new Video();
});

function newMedia(Source = FakeManagedSource) {
  const handlers = { onchange() {}, ondrop() {}, onfull() {}, onerror(error) { throw error; } };
  const media = new Media(video, /** @type {any} */ (Source), handlers);
  media.start([VIDEO]);
  media.appendInit(VIDEO, Uint8Array.of(9));
  return media;
}

function finish(buffer) {
  while (buffer.updating) buffer.finish();
}

test('a managed source: the picture stays on this device, and that is so before it is attached', () => {
  newMedia();
  assert.equal(video.wasDisabled, true);
});

test('another source leaves that alone', () => {
  newMedia(class extends EventTarget {});
  assert.equal(video.wasDisabled, false);
});

test('a managed source gets media only while it wants some', () => {
  const media = newMedia();
  const add = (byte, time, first) => media.append(1, Uint8Array.of(byte), { time, offset: 0, first });
  source.open();
  const [buffer] = source.sourceBuffers;
  assert.deepEqual(buffer.log, []);
  source.stream(true);
  finish(buffer);
  add(1, 0, true);
  finish(buffer);
  source.stream(false);
  add(2, 1, true);
  add(3, 2, false);
  assert.deepEqual(buffer.log, ['append 9', 'append 1']);
  assert.equal(media.isIdle, false);
  source.stream(true);
  finish(buffer);
  assert.deepEqual(buffer.log, ['append 9', 'append 1', 'append 2,3']);
});

test('what comes for long while a managed source wants nothing: the newest group is kept', () => {
  const media = newMedia();
  source.open();
  source.stream(true);
  const [buffer] = source.sourceBuffers;
  finish(buffer);
  source.stream(false);
  for (let time = 0; time < 100; time++) media.append(1, Uint8Array.of(time), { time, offset: 0, first: time % 10 === 0 });
  source.stream(true);
  finish(buffer);
  const appended = buffer.log.slice(1).join(',').replaceAll('append ', '').split(',').map(Number);
  assert.ok(appended.length <= 20, `${appended.length} chunks of 1 s were kept`);
  assert.equal(appended[0] % 10, 0);
  assert.equal(appended.at(-1), 99);
});

test('without changeType another codec needs other media, another size does not', () => {
  const media = newMedia();
  assert.equal(media.appendInit({ ...VIDEO, codec: 'avc1.4d401f' }, Uint8Array.of(8)), true);
  assert.equal(media.appendInit({ ...VIDEO, codec: 'vp09.00.10.08' }, Uint8Array.of(7)), false);
});

test('sound is placed after its picture by what is wished, and where it is alone it is not', () => {
  const AUDIO = { number: 2, kind: 'audio', codec: 'mp4a.40.2' };
  for (const [tracks, want] of [[[VIDEO, AUDIO], 'offset 5.0625'], [[AUDIO], 'offset 5']]) {
    const handlers = { onchange() {}, ondrop() {}, onfull() {}, onerror(error) { throw error; } };
    const media = new Media(video, /** @type {any} */ (FakeManagedSource), handlers, 0.0625);
    media.start(tracks);
    source.open();
    source.stream(true);
    for (const { number } of tracks) media.append(number, Uint8Array.of(1), { time: 6, offset: 5, first: true });
    const [picture, sound] = [source.sourceBuffers[0], source.sourceBuffers.at(-1)];
    assert.deepEqual(sound.log, [want, 'append 1']);
    if (picture !== sound) assert.deepEqual(picture.log, ['offset 5', 'append 1']);
  }
});
