import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrackClock } from '../publish-clock.js';

/** Runs frames through a clock: frame i is captured at i * step, and comes late by late(i). */
function run(frames, step, { origin = 0, late = () => 0, drift = 0 }) {
  const clock = new TrackClock();
  return Array.from({ length: frames }, (_, i) => {
    const captured = 9_000_000 + i * step;
    const timestamp = origin + i * step * (1 + drift);
    clock.note(timestamp, captured + late(i));
    return { captured, mapped: clock.map(timestamp) };
  });
}

/** A jitter that is the same in each run. */
const jitter = (i) => ((i * 7919) % 97) * 200;

test('two devices that count from elsewhere come to stand on one clock', () => {
  const video = run(300, 33_333, { origin: 0, late: jitter });
  const audio = run(1000, 10_000, { origin: 62_000_000_000, late: (i) => jitter(i + 3) });
  for (const { captured, mapped } of [...video.slice(60), ...audio.slice(200)]) {
    assert.ok(Math.abs(mapped - captured) <= 3_000, `${mapped - captured} us off`);
  }
});

test('a first frame that came late is made up for without a jump back', () => {
  const frames = run(600, 33_333, { late: (i) => (i === 0 ? 180_000 : 0) });
  for (let i = 1; i < frames.length; i++) {
    const step = frames[i].mapped - frames[i - 1].mapped;
    assert.ok(step > 32_000 && step <= 33_334, `step of ${step}`);
  }
  assert.ok(frames[599].mapped - frames[599].captured <= 2_000);
});

test('a drift of 100 ppm is followed', () => {
  const frames = run(9_000, 33_333, { drift: 1e-4 });
  const { captured, mapped } = frames[8_999];
  assert.ok(Math.abs(mapped - captured) < 5_000, `${mapped - captured} us off`);
});

test('times rise whatever the device does', () => {
  const clock = new TrackClock();
  let last = -Infinity;
  for (const timestamp of [5_000_000, 5_033_000, 5_033_000, 0, 33_000, 9_000_000, 9_033_000, 66_000]) {
    clock.note(timestamp, 1_000_000);
    const mapped = clock.map(timestamp);
    assert.ok(mapped > last, `${mapped} after ${last}`);
    last = mapped;
  }
});

test('a device that begins to count anew stands right at once', () => {
  const clock = new TrackClock();
  for (let i = 0; i < 30; i++) {
    clock.note(8_000_000 + i * 33_333, 1_000_000 + i * 33_333);
    clock.map(8_000_000 + i * 33_333);
  }
  clock.note(0, 3_000_000);
  assert.equal(clock.map(0), 3_000_000);
});
