import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { openEarlyMedia, takeSource, takeVideo } from '../early-media.js';
import { Media } from '../media.js';

class FakeSource extends EventTarget {
  static made = 0;
  readyState = 'closed';
  sourceBuffers = [];

  constructor() {
    super();
    FakeSource.made++;
  }

  addSourceBuffer() {
    const buffer = Object.assign(new EventTarget(), { updating: false, buffered: { length: 0 }, appendBuffer() {} });
    this.sourceBuffers.push(buffer);
    return buffer;
  }
}

const TRACK = /** @type {any} */ ({ number: 1, kind: 'video', codec: 'avc1.42c01e' });
const handlers = { onchange() {}, ondrop() {}, onfull() {}, onerror: (error) => assert.fail(error) };

beforeEach(() => {
  FakeSource.made = 0;
  globalThis.MediaSource = FakeSource;
  globalThis.document = { createElement: () => ({ src: '', removeAttribute() {}, load() {} }) };
  URL.createObjectURL = (source) => `blob:${FakeSource.made}${source.readyState}`;
  // What another test has left.
  takeSource(takeVideo());
});

test('media goes on with the video and the source that were there before it', () => {
  openEarlyMedia();
  const video = takeVideo();
  const { src } = video;
  assert.notEqual(src, '');
  assert.notEqual(takeVideo(), video, 'it is there once');
  const media = new Media(video, FakeSource, handlers);
  assert.deepEqual([FakeSource.made, video.src], [1, src]);
  media.close();
  assert.equal(takeSource(video), null, 'its source is there once');
  new Media(video, FakeSource, handlers).close();
  assert.equal(FakeSource.made, 2);
});

test('a source that has opened before its tracks are known is used at once', () => {
  class Open extends FakeSource {
    readyState = 'open';
  }
  globalThis.MediaSource = Open;
  openEarlyMedia();
  const media = new Media(takeVideo(), Open, handlers);
  media.start([TRACK]);
  assert.equal(media.isIdle, true, 'its buffer is there');
  media.close();
});

test('other videos begin as always', () => {
  openEarlyMedia();
  const other = document.createElement('video');
  assert.equal(takeSource(other), null);
  new Media(other, FakeSource, handlers).close();
  assert.equal(FakeSource.made, 2);
});

test('where there is no MediaSource nothing is made', () => {
  delete globalThis.MediaSource;
  openEarlyMedia();
  assert.equal(takeVideo().src, '');
});
