import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beyondHole } from '../ranges.js';

test('holes', () => {
  const ranges = [{ start: 1, end: 5 }, { start: 8, end: 9 }];
  for (const [playhead, want] of [[0, 1], [1, null], [4.9, null], [4.97, 8], [5, 8], [6, 8], [8, null], [8.99, null], [9, null], [20, null]]) {
    assert.equal(beyondHole(ranges, playhead, 0.05), want, `at ${playhead}`);
  }
});
