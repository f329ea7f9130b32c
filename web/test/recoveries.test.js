import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recoveries } from '../recoveries.js';

test('four failures in half a minute without a picture are final', () => {
  const recoveries = new Recoveries();
  assert.deepEqual([0, 1000, 2000, 3000].map((now) => recoveries.failed(now, 0)), [true, true, true, false]);
});

test('with a picture in between, or more time, they are not', () => {
  const recoveries = new Recoveries();
  for (let now = 0; now < 100_000; now += 1_000) assert.equal(recoveries.failed(now, 30), true);
  const slow = new Recoveries();
  for (let now = 0; now < 1_000_000; now += 10_000) assert.equal(slow.failed(now, 0), true);
});
