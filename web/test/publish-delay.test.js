import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DelayMeter } from '../publish-delay.js';

/** Feeds frames at 30 per second to an encoder that takes delay(i) ms, and returns what is known at each frame. */
function verdicts(frames, delay) {
  const meter = new DelayMeter();
  const events = [];
  for (let i = 0; i < frames; i++) {
    events.push({ at: i * 33, begin: true, i });
    if (Number.isFinite(delay(i))) events.push({ at: i * 33 + delay(i), begin: false, i });
  }
  events.sort((a, b) => a.at - b.at || Number(b.begin) - Number(a.begin));
  const seen = [];
  for (const { at, begin, i } of events) {
    if (begin) meter.begin(i, at);
    else meter.end(i, at);
    seen.push({ at, verdict: meter.verdict(at) });
  }
  return { meter, seen, last: seen.at(-1).verdict };
}

for (const [name, delay, want] of [
  ['a fast encoder', () => 5, 'fast'],
  ['one that takes its time to be set up', (i) => Math.max(600 - i * 33, 5), 'fast'],
  ['one that looks ahead', () => 1375, 'slow'],
  ['one that gives nothing', () => Infinity, 'slow'],
  ['one that is slow', () => 200, 'slow'],
  ['one with a hiccup', (i) => (i % 10 === 9 ? 400 : 6), 'fast'],
]) {
  test(`${name}: ${want}`, () => assert.equal(verdicts(90, delay).last, want));
}

test('a look-ahead is found out before its first frame', () => {
  const { seen } = verdicts(90, () => 1375);
  const found = seen.find(({ verdict }) => verdict === 'slow').at;
  assert.ok(found > 600 && found < 800, `after ${found} ms`);
});

test('nothing is said of few frames', () => {
  assert.equal(verdicts(9, () => 5).last, 'unknown');
  assert.equal(new DelayMeter().median, null);
});

test('the median is that of the last frames', () => {
  const { meter } = verdicts(200, (i) => (i < 100 ? 50 : 7));
  assert.equal(meter.median, 7);
});

test('frames that an encoder swallows are forgotten', () => {
  const meter = new DelayMeter();
  for (let i = 0; i < 1_000; i++) meter.begin(i, i);
  meter.end(0, 1_000);
  assert.equal(meter.median, null);
});
