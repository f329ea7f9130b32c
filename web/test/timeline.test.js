import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from '../timeline.js';

const FRAME = 1 / 30;

/** Runs chunks, each [track, epoch, time], and returns where they come to lie. */
function run(chunks, timeline = new Timeline()) {
  return chunks.map(([track, epoch, time]) => {
    const offset = timeline.place(track, epoch, time, FRAME);
    return offset === null ? null : time + offset;
  });
}

function near(got, want) {
  assert.equal(got.length, want.length);
  got.forEach((time, i) => assert.ok(Math.abs(time - want[i]) < 1e-6, `chunk ${i} lies at ${time}, want ${want[i]}`));
}

test('one epoch stays as it is, however late it begins', () => {
  near(run([[1, 5, 1.7e9], [2, 5, 1.7e9 - 0.01], [1, 5, 1.7e9 + 1]]), [1.7e9, 1.7e9 - 0.01, 1.7e9 + 1]);
});

test('a new epoch that begins at zero is laid behind, both tracks alike', () => {
  near(run([[1, 5, 100], [2, 5, 100], [1, 6, 0], [2, 6, 0.01], [1, 6, 1]]), [100, 100, 100 + FRAME, 100.01 + FRAME, 101 + FRAME]);
});

test('the other track may still be in the old epoch', () => {
  near(run([[1, 5, 100], [1, 6, 0], [2, 5, 99.9], [2, 6, 0]]), [100, 100 + FRAME, 99.9, 100 + FRAME]);
});

test('a new epoch that goes on where the old one was is left as it is', () => {
  near(run([[1, 5, 100], [1, 6, 101.5]]), [100, 101.5]);
});

test('a long pause between epochs is closed', () => {
  near(run([[1, 5, 100], [1, 6, 700]]), [100, 100 + FRAME]);
});

test('three epochs', () => {
  near(run([[1, 5, 100], [1, 6, 0], [1, 6, 1], [1, 7, 0], [1, 7, 1]]), [100, 100 + FRAME, 101 + FRAME, 101 + 2 * FRAME, 102 + 2 * FRAME]);
});

test('one track may be a long group ahead of the other at a join', () => {
  near(run([[1, 5, 20], [1, 5, 30], [2, 5, 20], [2, 5, 21]]), [20, 30, 20, 21]);
});

test('time that goes back in mid-epoch cannot be placed', () => {
  assert.deepEqual(run([[1, 5, 100], [1, 5, 3]]), [100, null]);
  assert.deepEqual(run([[1, 5, 100], [1, 5, 99]]), [100, null], 'or the viewer would wait until it is there again');
  assert.deepEqual(run([[1, 5, 100], [1, 5, 99.9]]), [100, 99.9], 'a little overlap is none');
});

test('nothing lies near zero, where an element stands before it is moved', () => {
  near(run([[1, 5, 0.5], [2, 5, 0.4], [1, 5, 1.5]]), [10, 9.9, 11]);
});
