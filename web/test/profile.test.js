import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLatency } from '../profile.js';

for (const [text, margin, budget] of [
  [null, 0.07, 0],
  ['', 0.07, 0],
  ['balanced', 0.07, 0],
  ['low', 0.04, 0],
  ['smooth', 0.3, 0],
  ['200ms', 0.1, 100],
  ['200', 0.1, 100],
  ['1.5s', 0.75, 750],
  ['30s', 25, 5000],
  ['99s', 25, 5000],
  ['1ms', 0.05, 50],
  ['constructor', 0.07, 0],
  ['-5', 0.07, 0],
  ['2m', 0.07, 0],
  [' 200ms', 0.07, 0],
]) {
  test(`latency ${text}`, () => assert.deepEqual(parseLatency(text), { margin, budget }));
}
