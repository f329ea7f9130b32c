import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameInterval } from '../publish-interval.js';

for (const [name, steps, want] of [
  ['the first frame', [], 0],
  ['regular frames', [33, 33, 33], 33],
  ['two left out', [33, 33, 99, 33], 33],
  ['one left out at first', [66, 33], 33],
  ['jitter', [31, 35, 33, 36, 30], 33],
  ['another rate', [...Array(20).fill(33), ...Array(20).fill(66)], 66],
  ['a clock that stands still', [33, 33, 0, 0], 33],
]) {
  test(`${name}: ${want}`, () => {
    const interval = new FrameInterval();
    let [time, last] = [1000, interval.next(1000)];
    for (const step of steps) last = interval.next((time += step));
    assert.equal(last, want);
  });
}
