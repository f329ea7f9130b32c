import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Picture } from '../codec-picture.js';
import { fakeFrame } from './fake-decoder.js';

function setUp() {
  const drawn = [];
  const told = [];
  const canvas = { width: 300, height: 150, getContext: () => ({ drawImage: (frame) => drawn.push(frame.timestamp / 1e6) }) };
  return { picture: new Picture(canvas, ({ timestamp }) => told.push(timestamp / 1e6)), canvas, drawn, told };
}

test('the newest frame that is due is drawn, those before it are not, and all are closed', () => {
  const { picture, canvas, drawn, told } = setUp();
  const frames = [0, 1, 2, 3].map((time) => fakeFrame(time * 1e6));
  for (const frame of frames) picture.add(frame);
  picture.show(0, 2.5, false);
  assert.deepEqual(drawn, [2]);
  assert.deepEqual(told, [2]);
  assert.deepEqual(frames.map(({ closed }) => closed), [1, 1, 1, 0]);
  assert.deepEqual([picture.drawn, picture.dropped, picture.next], [1, 2, 3]);
  assert.deepEqual([canvas.width, canvas.height], [64, 36]);
  picture.clear();
  assert.equal(frames[3].closed, 1);
});

test('a frame that is not due waits', () => {
  const { picture, drawn } = setUp();
  picture.add(fakeFrame(1e6));
  picture.show(0, 0.9, false);
  assert.deepEqual(drawn, []);
  assert.equal(picture.next, 1);
});

test('overtaken frames are not drawn, unless there has been none for too long', () => {
  const { picture, drawn } = setUp();
  for (let n = 0; n < 10; n++) {
    picture.add(fakeFrame(n * 1e6));
    picture.show(n * 0.1, 100, true);
  }
  assert.deepEqual(drawn, [3, 8]);
});

test('what waits is bounded', () => {
  const { picture } = setUp();
  const frames = Array.from({ length: 30 }, (_, n) => fakeFrame(n * 1e6));
  for (const frame of frames) picture.add(frame);
  assert.equal(frames.filter(({ closed }) => closed === 0).length, 24);
  assert.equal(picture.next, 6);
});
