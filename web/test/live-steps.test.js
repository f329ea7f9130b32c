import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveSteps } from '../live-steps.js';

const FRAME = 1 / 30;

/**
 * Plays a stream of frames in a browser that stands still for a moment at each jump. Times are in seconds; costs says for
 * how long. Returns the jumps with their times, and the least that lay ahead in the last two seconds.
 */
function play({ seconds, start, costs, edge = { target: 0.08, distance: 0.08 + FRAME }, late = () => 0, steps = new LiveSteps() }) {
  const run = { jumps: [], trough: Infinity, rates: new Set(), dry: 0, steps };
  let playhead = -start;
  let end = 0;
  let halted = 0;
  let now = 0;
  for (let i = 1; i * FRAME < seconds; i++) {
    const arrival = Math.max(now, i * FRAME + late(i));
    const passed = arrival - now;
    const stands = Math.min(halted, passed);
    halted -= stands;
    playhead += passed - stands;
    now = arrival;
    if (playhead > end) run.dry++;
    playhead = Math.min(playhead, end);
    const { rate, jump } = steps.sample(now, end - playhead, edge);
    run.rates.add(rate);
    if (now > seconds - 2) run.trough = Math.min(run.trough, end - playhead);
    if (jump) {
      playhead += jump;
      halted = costs(run.jumps.length);
      run.jumps.push({ at: now, by: jump });
      steps.reset();
    }
    end = i * FRAME;
  }
  return run;
}

/** What jumps were seen to cost in WebKitGTK. */
const seen = (i) => [0.1, 0.05, 0.15, 0.08, 0.06, 0.12][i % 6];

for (const start of [0.3, 0.5, 2]) {
  test(`from ${start} s behind few jumps lead near the target, and nothing runs dry`, () => {
    const run = play({ seconds: 60, start, costs: seen });
    assert.ok(run.jumps.length >= 1 && run.jumps.length <= 4, `${run.jumps.length} jumps`);
    assert.ok(run.jumps.every(({ at }) => at < 15), 'then there is peace');
    assert.ok(run.trough >= 0.04 && run.trough <= 0.17, `trough = ${run.trough}`);
    assert.equal(run.dry, 0);
    assert.deepEqual([...run.rates], [1]);
  });
}

test('near the target nothing moves', () => {
  for (const start of [0.1, 0.15, 0.19]) assert.deepEqual(play({ seconds: 60, start, costs: seen }).jumps, []);
});

test('frames that come late now and then move nobody', () => {
  const late = (i) => (i % 40 === 7 ? 0.03 : 0);
  assert.deepEqual(play({ seconds: 60, start: 0.14, costs: seen, late }).jumps, []);
});

test('it learns what a jump costs: the next one from as far leads nearer', () => {
  const { steps, trough } = play({ seconds: 10, start: 0.4, costs: () => 0.14 });
  const again = play({ seconds: 10, start: 0.4, costs: () => 0.14, steps: (steps.reset(), steps) });
  assert.ok(again.trough < 0.17 && again.trough <= trough + 0.001, `trough = ${again.trough} after ${trough}`);
});

test('far behind it jumps at once', () => {
  const run = play({ seconds: 10, start: 2, costs: () => 0.05 });
  assert.ok(run.jumps[0].at < 1, `after ${run.jumps[0].at} s`);
});

test('a target farther back is gone to, once', () => {
  const run = play({ seconds: 30, start: 0.15, costs: () => 0.05, edge: { target: 0.3, distance: 0.3 + FRAME } });
  assert.equal(run.jumps.length, 1);
  assert.ok(run.jumps[0].by < 0);
  assert.ok(Math.abs(run.trough - 0.3) < 0.05, `trough = ${run.trough}`);
});

test('a move for another reason teaches nothing of the cost', () => {
  const steps = new LiveSteps();
  const run = play({ seconds: 2.6, start: 0.4, costs: () => 0.05, steps });
  assert.equal(run.jumps.length, 1);
  steps.reset();
  const other = play({ seconds: 10, start: 1.2, costs: () => 0.05, steps });
  assert.ok(other.jumps[0].by < 1.2, `jumps by ${other.jumps[0].by}`);
});
