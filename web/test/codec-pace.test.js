import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../codec-pace.js';
import { LiveEdge } from '../live-edge.js';

const FRAME = 1 / 30;

/** Feeds frames that come so many seconds after they were captured, and calls back with each. */
function feed(pace, from, to, delay, each = () => {}) {
  for (let n = Math.ceil(from * 30 - 1e-9); n < to * 30 - 1e-9; n++) {
    const captured = n * FRAME;
    const now = captured + FRAME + delay(n);
    pace.arrived(now, captured + FRAME, FRAME);
    each(now, captured, pace.position(now));
  }
}

test('a burst is passed over: the newest of it is due', () => {
  const pace = new Pace(new LiveEdge(0.01));
  for (let n = 0; n < 300; n++) pace.arrived(10 + n * 1e-4, n * FRAME, FRAME);
  assert.ok(Math.abs(pace.position(10.03) - (299 * FRAME - FRAME - 0.01)) < 0.01, `${pace.position(10.03)}`);
});

test('frames that come evenly are due the margin after they came', () => {
  const pace = new Pace(new LiveEdge(0.01));
  let last = 0;
  feed(pace, 0, 20, () => 0.005, (_, captured, position) => (last = captured - position));
  assert.ok(last > -0.001 && last < 0.021, `a frame comes ${last} s before it is due`);
  assert.equal(pace.stalls + pace.jumps, 0);
});

test('the margin grows until frames that jitter come in time, and shrinks when they no longer do', () => {
  const pace = new Pace(new LiveEdge(0.01));
  const jitter = (n) => ((n * 7919) % 80) / 1000;
  let late = 0;
  feed(pace, 0, 10, jitter);
  feed(pace, 10, 30, jitter, (_, captured, position) => (late += position > captured + 0.02 ? 1 : 0));
  assert.ok(late < 30, `${late} of 600 frames are late`);
  assert.equal(pace.stalls, 0);
  let ahead = 0;
  feed(pace, 30.1, 45, () => 0.005, (_, captured, position) => (ahead = captured - position));
  assert.ok(ahead < 0.03, `${ahead} s ahead when calm`);
});

test('it stops soon after media does, counts a stall, and goes on at the live edge', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 5, () => 0);
  assert.ok(pace.position(10) <= 5.26);
  feed(pace, 9, 10, () => 0, (_, captured, position) => assert.ok(Math.abs(captured - position) < 0.1));
  assert.equal(pace.stalls, 1);
});

test('what runs dry once keeps no more than before, what does so again does', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 5, () => 0);
  feed(pace, 6, 10, () => 0);
  assert.equal(pace.target, 0.01);
  feed(pace, 11, 12, () => 0);
  assert.equal(pace.stalls, 2);
  assert.ok(pace.target > 0.03, `${pace.target}`);
});

test('with a margin below nothing frames are due before they come', () => {
  const pace = new Pace(new LiveEdge(-0.01));
  feed(pace, 0, 20, () => 0.005, (_, captured, position) => assert.ok(position > captured - 0.001 && position < captured + 0.03));
  assert.equal(pace.stalls + pace.jumps, 0);
});

test('it jumps when it is far behind', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 5, () => 0.6);
  let ahead = 0;
  feed(pace, 5, 7, () => 0, (_, captured, position) => (ahead = captured - position));
  assert.equal(pace.jumps, 1);
  assert.ok(ahead < 0.05, `${ahead}`);
});

test('it stands still while it is held, and goes on at the live edge', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 2, () => 0);
  pace.hold(2);
  const held = pace.position(2);
  feed(pace, 2, 8, () => 0, (now) => assert.equal(pace.position(now), held));
  assert.ok(pace.ahead(8) > 5.9);
  pace.release(8);
  assert.ok(Math.abs(pace.ahead(8) - FRAME - 0.01) < 0.001, `${pace.ahead(8)}`);
});

test('bounds hold: smoothly while they are near, at once when they are not, and no longer when none are told', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 2, () => 0);
  pace.bound(2, 1.4, 1.5);
  assert.equal(pace.position(2), 1.5);
  pace.bound(2.02, 1.41, 1.51);
  assert.ok(Math.abs(pace.position(2.02) - 1.519) < 1e-6, `${pace.position(2.02)}`);
  feed(pace, 2, 2.2, () => 0);
  assert.ok(Math.abs(pace.position(2.2) - 1.699) < 1e-6, 'media that comes does not move it');
  assert.ok(pace.isLed(2.3) && !pace.isLed(2.4));
  feed(pace, 2.5, 5, () => 0);
  assert.ok(pace.ahead(5) < 0.1, `${pace.ahead(5)}`);
});

test('within its bounds the position goes its own pace', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 2, () => 0);
  const position = pace.position(2);
  pace.bound(2, position - 0.01, position + 0.01);
  assert.equal(pace.position(2), position);
  assert.equal(pace.isLed(2), false);
  pace.bound(2, position + 0.2, position + 0.3);
  assert.equal(pace.position(2), position + 0.2, 'too early is as bad');
  pace.hold(2);
  pace.bound(2, position + 1, position + 2);
  assert.equal(pace.position(2), position + 0.2, 'nothing moves it while it stands');
});

test('another time line is followed', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 2, () => 0);
  pace.reset();
  assert.equal(pace.isPlaced, false);
  feed(pace, 100, 101, () => 0, (_, captured, position) => assert.ok(Math.abs(captured - position) < 0.05));
});

test('a larger margin is gone back to at once, a smaller one by a jump', () => {
  const pace = new Pace(new LiveEdge(0.01));
  feed(pace, 0, 10, () => 0.005);
  pace.aim(10, 1, 0);
  assert.ok(Math.abs(pace.ahead(10) - 1) < 0.05, `${pace.ahead(10)} s ahead`);
  feed(pace, 10, 12, () => 0.005);
  pace.aim(12, 0.01, 0);
  feed(pace, 12, 15, () => 0.005);
  assert.ok(pace.ahead(15) < 0.1, `${pace.ahead(15)} s ahead`);
  assert.equal(pace.stalls, 0);
  assert.equal(pace.jumps, 1);
});
