import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lapses } from '../codec-lapses.js';

test('what goes wrong once is a chance, what goes wrong again is not, until long after', () => {
  const lapses = new Lapses();
  assert.deepEqual([0, 20, 49, 80].map((now) => lapses.recur(now)), [false, true, true, false]);
});
