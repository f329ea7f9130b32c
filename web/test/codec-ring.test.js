import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoundRing } from '../codec-ring.js';
import { LiveEdge } from '../live-edge.js';

const RATE = 48_000;
const PIECE = 1024;
const QUANTUM = 128;

/** A piece whose samples are their own numbers, scaled so that floats hold them. */
function piece(n, { length = PIECE, channels = 1, time = (n * PIECE) / RATE, sampleRate = RATE } = {}) {
  const plane = Float32Array.from({ length }, (_, i) => (n * PIECE + i) / 2 ** 20);
  return { time, sampleRate, planes: Array.from({ length: channels }, () => plane.slice()) };
}

/** Plays for so many quanta; what comes is asked for at each, and returned is all that was heard, as sample numbers. */
function play(ring, from, to, comes, heard = []) {
  for (let q = from; q < to; q++) {
    const now = (q * QUANTUM) / RATE;
    comes?.(now, q);
    const out = new Float32Array(QUANTUM);
    ring.read(now, [out]);
    heard.push(...out.map((value) => value * 2 ** 20));
  }
  return heard;
}

/** Wants each sample to follow the one before it. */
function assertEven(heard) {
  for (let i = 1; i < heard.length; i++) {
    const step = heard[i] - heard[i - 1];
    assert.ok(step > 0.5 && step < 1.5, `sample ${heard[i]} after ${heard[i - 1]}`);
  }
}

/** Pieces that come in time, each as soon as it has been recorded. */
function live(ring, { delay = () => 0, missing = () => false } = {}) {
  let next = 0;
  return (now) => {
    for (; (next + 1) * PIECE <= (now - delay(next)) * RATE; next++) if (!missing(next)) ring.write(now, piece(next));
  };
}

test('what comes is heard sample by sample, after a moment', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  const heard = play(ring, 0, 4000, live(ring));
  const from = heard.findIndex((value) => value > 0);
  assert.ok(from > 0.1 * RATE && from < 0.25 * RATE, `begins at ${from}`);
  assertEven(heard.slice(from));
  assert.equal(ring.stalls, 0);
  assert.ok(ring.ahead < 0.08, `${ring.ahead}`);
});

test('a burst is passed over', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  for (let n = 0; n < 400; n++) ring.write(0, piece(n));
  play(ring, 0, 42);
  assert.ok(ring.playing);
  assert.ok(ring.ahead < 0.07, `${ring.ahead}`);
});

test('a lack is silence and a stall, and if it comes again more is kept', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  const { target } = ring;
  const comes = live(ring, { delay: (n) => (n > 500 ? 0.3 : n > 100 ? 0.15 : 0) });
  play(ring, 0, 2000, comes);
  assert.equal(ring.stalls, 1);
  assert.ok(ring.playing && ring.target === target, `${ring.target}`);
  play(ring, 2000, 5000, comes);
  assert.equal(ring.stalls, 2);
  assert.ok(ring.playing && ring.target > target, `${ring.target}`);
});

test('what is too much is left out without a click', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  const comes = live(ring);
  play(ring, 0, 1000, comes);
  const late = 0.15; // the device stands still for so long
  const heard = [];
  for (let q = 1000; q < 1600; q++) {
    const now = (q * QUANTUM) / RATE + late;
    comes(now);
    const out = new Float32Array(QUANTUM);
    ring.read(now, [out]);
    heard.push(...out.map((value) => value * 2 ** 20));
  }
  assert.equal(ring.jumps, 1);
  assert.equal(ring.stalls, 0);
  assert.ok(ring.ahead < 0.1, `${ring.ahead}`);
  const loudest = Math.max(...heard);
  for (let i = 1; i < heard.length; i++) assert.ok(Math.abs(heard[i] - heard[i - 1]) < loudest / 50, `a click at ${i}`);
});

test('a short hole is heard as silence in its place', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.1));
  const heard = play(ring, 0, 1200, live(ring, { missing: (n) => n === 50 }));
  const silent = heard.lastIndexOf(0) - heard.findIndex((value, i) => i > 30 * PIECE && value === 0) + 1;
  assert.ok(Math.abs(silent - PIECE) < 24, `${silent} samples of silence, want ${PIECE}`);
  assert.equal(ring.stalls, 0);
});

test('what comes twice is heard once', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  const comes = live(ring);
  const heard = play(ring, 0, 1000, (now, q) => {
    comes(now);
    if (q === 800) ring.write(now, piece(90));
  });
  assertEven(heard.slice(10_000));
});

test('time that jumps begins anew', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  ring.write(0, piece(0));
  ring.write(0, piece(0, { time: 1000 }));
  assert.equal(ring.position, 1000);
  ring.write(0, piece(0, { time: 10 }));
  assert.equal(ring.position, 10);
});

test('another sample rate is heard at its own pace', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.01));
  for (let n = 0; n < 40; n++) ring.write(0, { ...piece(n, { time: (n * PIECE) / 24_000, sampleRate: 24_000 }) });
  play(ring, 0, 40);
  const before = ring.position;
  play(ring, 40, 50);
  assert.ok(Math.abs(ring.position - before - (10 * QUANTUM) / RATE) < 0.002, `${ring.position - before}`);
});

test('one channel is heard on both', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.01));
  for (let n = 0; n < 10; n++) ring.write(0, piece(n));
  let out = [];
  for (let q = 0; q < 45; q++) ring.read((q * QUANTUM) / RATE, (out = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)]));
  assert.ok(out[0][5] > 0);
  assert.deepEqual(out[0], out[1]);
});

test('what waits is bounded', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  for (let n = 0; n < 48 * 120; n++) ring.write(0, piece(n));
  assert.ok(ring.ahead <= 45.001, `${ring.ahead}`);
});

test('cleared, it is silent', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  play(ring, 0, 1000, live(ring));
  ring.clear();
  assert.equal(ring.playing, false);
  assert.deepEqual(new Set(play(ring, 1000, 1010)), new Set([0]));
});

test('a larger margin is silence until it is there, a smaller one is gone to without a stall', () => {
  const ring = new SoundRing(RATE, new LiveEdge(0.02));
  const come = live(ring);
  play(ring, 0, 1000, come);
  ring.aim((1000 * QUANTUM) / RATE, 1, 0);
  const heard = play(ring, 1000, 2500, come);
  const from = heard.findIndex((value) => value > 0);
  assert.ok(from > 0.8 * RATE && from < 1.2 * RATE, `silent for ${from} samples`);
  assertEven(heard.slice(from));
  ring.aim((2500 * QUANTUM) / RATE, 0.02, 0);
  play(ring, 2500, 4000, come);
  assert.ok(ring.ahead < 0.2, `${ring.ahead} s ahead`);
  assert.equal(ring.stalls, 0);
});
