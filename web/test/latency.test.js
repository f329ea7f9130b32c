import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyMeter } from '../latency.js';

test('latency is read off the chunk on the screen', () => {
  const meter = new LatencyMeter();
  assert.equal(meter.measure(1, 1000), null);
  meter.mark(10, 50_000);
  meter.mark(11, 51_000);
  assert.equal(meter.measure(10.5, 50_600), 100);
  assert.equal(meter.measure(11.5, 51_600), 100);
  assert.equal(meter.measure(9, 51_600), null, 'before all chunks');
  assert.equal(meter.measure(11, 50_900), null, 'a clock that is behind');
  assert.equal(meter.measure(11, 51_000 + 3_600_000), null, 'a clock that is an hour ahead');
});
