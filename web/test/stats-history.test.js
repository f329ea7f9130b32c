import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatsHistory } from '../stats-history.js';

test('the plot goes from the left to the newest sample at the right, and is interrupted', () => {
  const history = new StatsHistory();
  for (let i = 0; i < 120; i++) history.add({ latencyMs: i === 1 ? null : 50, bytes: 0 }, i + 1);
  const path = history.path(119, 10);
  assert.match(path, /^M0\.0 5\.0M2\.0 5\.0L3\.0 5\.0L.*L119\.0 5\.0$/);
});

test('old samples leave the plot, and its top is a round number', () => {
  const history = new StatsHistory();
  assert.equal(history.top, 100);
  history.add({ latencyMs: 1234, bytes: 0 }, 1);
  assert.equal(history.top, 2000);
  for (let i = 0; i < 120; i++) history.add({ latencyMs: 90, bytes: 0 }, i + 2);
  assert.equal(history.top, 100);
});

test('the bit rate is that of what came between samples, and a count that begins anew is not a negative one', () => {
  const history = new StatsHistory();
  history.add({ latencyMs: null, bytes: 5000 }, 1000);
  assert.equal(history.bitrate, 0);
  history.add({ latencyMs: null, bytes: 6000 }, 2000);
  assert.equal(history.bitrate, 8000);
  history.add({ latencyMs: null, bytes: 10 }, 3000);
  assert.equal(history.bitrate, 0);
});
