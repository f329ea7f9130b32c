import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FrameWatch } from '../frames.js';
import { FakeVideo } from './fake-video.js';

let video;
let told;
/** What waits for the next drawing of the page. */
let drawing;

beforeEach(() => {
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
  globalThis.HTMLMediaElement = { HAVE_CURRENT_DATA: 2 };
  drawing = new Map();
  let last = 0;
  globalThis.requestAnimationFrame = (call) => (drawing.set(++last, call), last);
  globalThis.cancelAnimationFrame = (id) => drawing.delete(id);
  video = Object.assign(new FakeVideo(), { readyState: 4 });
  told = [];
});

/** Gives a video the means to tell of frames, and returns what tells of one. */
function canTell() {
  let callback = null;
  video.requestVideoFrameCallback = (call) => ((callback = call), 1);
  video.cancelVideoFrameCallback = () => (callback = null);
  return (mediaTime, expectedDisplayTime) => callback(0, { mediaTime, expectedDisplayTime });
}

function watch() {
  return new FrameWatch(video, (time, shownAt) => told.push([Math.round(time * 100) / 100, shownAt]));
}

function draw(now) {
  const calls = [...drawing.values()];
  drawing.clear();
  for (const call of calls) call(now);
}

test('it says what the browser tells', () => {
  const tell = canTell();
  watch();
  tell(1.5, 100);
  tell(1.53, 133);
  draw(140);
  assert.deepEqual(told, [[1.5, 100], [1.53, 133]]);
});

test('a browser that cannot tell: each drawing that has another position', () => {
  const frames = watch();
  draw(0);
  video.move(0.03);
  draw(30);
  draw(46);
  video.move(0.03);
  draw(63);
  assert.deepEqual(told, [[0.03, 30], [0.06, 63]]);
  frames.close();
  assert.equal(drawing.size, 0);
});

test('a seek is no frame', () => {
  watch();
  draw(0);
  video.currentTime = 10;
  draw(16);
  video.arrive();
  draw(33);
  video.move(0.03);
  draw(50);
  assert.deepEqual(told, [[10.03, 50]]);
});

test('a browser that could tell and does not, in a second of playback', () => {
  const tell = canTell();
  watch();
  for (let i = 0; i < 4; i++) video.move(0.25);
  assert.equal(drawing.size, 0);
  video.move(0.25);
  video.move(0.25);
  video.move(0.03);
  draw(1600);
  assert.deepEqual(told, [[1.53, 1600]]);
  tell(1.6, 1660);
  assert.equal(drawing.size, 0);
});

test('a page that cannot be seen has no frames to tell of', () => {
  canTell();
  watch();
  document.hidden = true;
  for (let i = 0; i < 12; i++) video.move(0.25);
  assert.equal(drawing.size, 0);
});
