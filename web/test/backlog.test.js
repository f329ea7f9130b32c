import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '../backlog.js';

test('more is about to come until a chunk says that it is the last', () => {
  const backlog = new Backlog();
  assert.equal(backlog.isComing(0), false);
  backlog.arrived(true, 1_000);
  backlog.arrived(true, 1_500);
  assert.equal(backlog.isComing(1_600), true);
  backlog.arrived(false, 1_700);
  assert.equal(backlog.isComing(1_700), false);
});

test('what never ends is not waited for', () => {
  const backlog = new Backlog();
  for (let now = 0; now < 3_000; now += 100) backlog.arrived(true, now);
  assert.equal(backlog.isComing(1_999), true);
  assert.equal(backlog.isComing(2_000), false);
  backlog.arrived(false, 3_000);
  backlog.arrived(true, 3_100);
  assert.equal(backlog.isComing(3_200), true, 'another connection has more ready again');
  backlog.reset();
  assert.equal(backlog.isComing(3_200), false);
});
