import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveEdge } from '../live-edge.js';

/**
 * Plays a stream whose chunks come at their time plus a network delay, sampling at each arrival as the player does.
 * Times are in seconds. Returns what happened in the last fifth of the run, and all stalls and jumps.
 */
function play({ chunk, seconds, start, delay = () => 0, edge = new LiveEdge(0.08) }) {
  edge.setBurst(chunk);
  let playhead = -start;
  let end = 0;
  let rate = 1;
  let now = 0;
  const run = { stalls: 0, jumps: 0, rates: new Set(), trough: Infinity, latency: 0, edge };
  for (let i = 1; i * chunk < seconds; i++) {
    const arrival = Math.max(now, i * chunk + delay(i));
    playhead += (arrival - now) * rate;
    now = arrival;
    if (playhead > end) {
      // It stood still until now.
      playhead = end;
      run.stalls++;
      edge.stalled(now);
    }
    const late = now > seconds * 0.8;
    if (late) run.trough = Math.min(run.trough, end - playhead);
    const decision = edge.sample(now, end - playhead);
    if (decision.jump) run.jumps++;
    playhead += decision.jump;
    rate = decision.rate;
    if (late) run.rates.add(rate);
    end = i * chunk;
    run.latency = now - playhead;
  }
  return run;
}

/** A repeatable substitute for chance, 0 to 1. */
function dice(seed) {
  return (i) => {
    const x = Math.sin(i * 12.9898 + seed) * 43758.5453;
    return x - Math.floor(x);
  };
}

for (const start of [0.12, 0.2, 0.3]) {
  test(`frames, ${start} s behind at the start: the trough comes to the target without a stall`, () => {
    const run = play({ chunk: 1 / 30, seconds: 30, start });
    assert.equal(run.stalls, 0);
    assert.equal(run.jumps, 0);
    assert.ok(Math.abs(run.trough - 0.08) < 0.02, `trough = ${run.trough}, want about 0.08`);
  });
}

test('a new aim is reached by rates, down and up, and by one jump from far behind', () => {
  const edge = new LiveEdge(0.2);
  edge.aim(0.08);
  const near = play({ chunk: 1 / 30, seconds: 30, start: 0.24, edge });
  assert.equal(near.stalls + near.jumps, 0);
  assert.ok(Math.abs(near.trough - 0.08) < 0.02, `trough = ${near.trough}, want about 0.08`);
  const far = play({ chunk: 1 / 30, seconds: 30, start: 1.2, edge: new LiveEdge(0.08) });
  assert.equal(far.stalls, 0);
  assert.equal(far.jumps, 1);
  edge.aim(0.5, 0.4);
  edge.setBurst(1 / 30);
  assert.equal(edge.distance, 0.9, 'what the server may keep comes at once');
});

test('too near the edge: it falls back gently', () => {
  const run = play({ chunk: 1 / 30, seconds: 30, start: 0.05 });
  assert.equal(run.stalls, 0);
  assert.ok(Math.abs(run.trough - 0.08) < 0.02, `trough = ${run.trough}, want about 0.08`);
});

test('far behind: one jump, and it is there', () => {
  const run = play({ chunk: 1 / 30, seconds: 5, start: 3 });
  assert.equal(run.jumps, 1);
  assert.equal(run.stalls, 0);
  assert.ok(run.latency < 0.2, `latency = ${run.latency}`);
});

for (const [chunk, most] of [[0.1, 0.25], [0.5, 0.7], [1, 1.25], [2, 2.4]]) {
  test(`chunks of ${chunk} s: no jump back and forth, no stall`, () => {
    const run = play({ chunk, seconds: 120, start: chunk + 0.1 });
    assert.equal(run.stalls, 0);
    assert.equal(run.jumps, 0);
    assert.ok(run.latency < most, `latency = ${run.latency}, want < ${most}`);
  });
}

test('a network that delays by up to 80 ms: rarely a stall, and it learns', () => {
  const random = dice(1);
  const run = play({ chunk: 1 / 30, seconds: 300, start: 0.2, delay: (i) => 0.08 * random(i) });
  assert.ok(run.stalls <= 3, `stalls = ${run.stalls}`);
  assert.ok(run.latency < 0.35, `latency = ${run.latency}`);
});

test('an outage: the target rises, and sinks again', () => {
  const run = play({ chunk: 1 / 30, seconds: 30, start: 0.12, delay: (i) => (i > 300 && i < 345 ? (345 - i) / 30 : 0) });
  assert.ok(run.stalls >= 1 && run.stalls <= 3, `stalls = ${run.stalls}`);
  assert.ok(run.edge.target > 0.081 && run.edge.target < 0.1, `target = ${run.edge.target} 20 s after it`);
  assert.ok(run.latency < 0.5, `latency = ${run.latency}`);
  run.edge.sample(2000, 0.1);
  assert.ok(run.edge.target < 0.081, `target = ${run.edge.target} after half an hour`);
});

test('what makes playback run dry again and again is remembered for longer', () => {
  const edge = new LiveEdge(0.08);
  const kept = [];
  for (let i = 1; i <= 8; i++) {
    edge.stalled(i * 20);
    edge.sample(i * 20 + 19, 0.2);
    kept.push(edge.target - 0.08);
  }
  assert.ok(kept[0] < 0.02, `${kept[0]} s are left of the first raise after 19 s`);
  assert.ok(kept[7] > 0.08, `${kept[7]} s are left after eight stalls`);
  edge.sample(600, 0.2);
  assert.ok(edge.target < 0.085, `target = ${edge.target} after seven calm minutes`);
});

test('a clock that runs 0.1 % off is followed', () => {
  const run = play({ chunk: 1 / 30, seconds: 600, start: 0.12, delay: (i) => -0.001 * (i / 30) });
  assert.equal(run.stalls, 0);
  assert.ok(Math.abs(run.trough - 0.08) < 0.03, `trough = ${run.trough}, want about 0.08`);
});

test('rates stay within what nobody hears', () => {
  for (const start of [0.04, 0.12, 0.3, 1, 5]) {
    for (const rate of play({ chunk: 1 / 30, seconds: 20, start }).rates) {
      assert.ok(rate >= 0.95 && rate <= 1.1, `rate = ${rate}`);
    }
  }
});

test('a stall raises the target, within bounds', () => {
  const edge = new LiveEdge(0.08);
  edge.stalled(1);
  assert.ok(Math.abs(edge.target - 0.12) < 1e-9);
  edge.stalled(1.5);
  assert.ok(Math.abs(edge.target - 0.12) < 1e-9, 'two in a second are one');
  for (let i = 0; i < 100; i++) edge.stalled(3 + i);
  assert.ok(edge.target < 0.7, `target = ${edge.target}`);
});

test('a lack that no margin makes up for leaves the target as it is', () => {
  const edge = new LiveEdge(0.08);
  edge.stalled(10, 1.5);
  assert.equal(edge.target, 0.08);
  edge.stalled(20, 0.1);
  assert.ok(edge.target > 0.1, `target = ${edge.target}`);
});

test('what the browser needs is kept whatever was wished, and no stall adds to that for good', () => {
  const edge = new LiveEdge(0.04);
  edge.setNeed(0.12);
  assert.equal(edge.target, 0.12);
  edge.stalled(10);
  assert.ok(edge.target > 0.15, `target = ${edge.target}`);
  edge.sample(2000, 0.1);
  assert.ok(edge.target < 0.125, `target = ${edge.target}`);
  edge.setNeed(0);
  assert.ok(edge.target < 0.045, `target = ${edge.target}`);
});
