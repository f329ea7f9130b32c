import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bursts } from '../bursts.js';

/** Takes in chunks: when(i) is when chunk i came, wall(i) its wall clock. Returns what was learned after each. */
function learn({ chunks, duration, when, wall = when }) {
  const bursts = new Bursts();
  return Array.from({ length: chunks }, (_, i) => {
    bursts.add(i * duration, duration, wall(i), when(i));
    return bursts.length;
  });
}

/** Pieces of six chunks of half a second, which come together every 3 s. */
const pieces = (i) => 1000 + 3 * Math.floor(i / 6 + 1);

test('chunks that come one by one are no burst, with the unevenness of a network too', () => {
  for (const delay of [() => 0, (i) => 0.2 * ((i * 7) % 11) / 11]) {
    const lengths = learn({ chunks: 900, duration: 1 / 30, when: (i) => 1000 + i / 30 + delay(i) });
    assert.ok(lengths.every((length) => length === 0));
  }
});

test('pieces of several chunks are known from the first, by their wall clocks', () => {
  // What lay ready comes at once.
  const lengths = learn({ chunks: 60, duration: 0.5, when: (i) => Math.max(pieces(i), 1009), wall: pieces });
  assert.deepEqual(lengths.slice(5), Array(55).fill(3));
});

test('pieces whose wall clocks tell nothing are known by the second pause', () => {
  for (const wall of [() => 0, (i) => 1000 + i / 2]) {
    const lengths = learn({ chunks: 60, duration: 0.5, when: pieces, wall });
    assert.equal(lengths[11], 0, 'one pause can be an outage');
    assert.deepEqual(lengths.slice(12), Array(48).fill(3));
  }
});

test('an outage is no rhythm, nor are several', () => {
  const outages = (i) => {
    const at = i / 30;
    return at % 5 < 1.5 ? at - (at % 5) + 1.5 : at;
  };
  const lengths = learn({ chunks: 900, duration: 1 / 30, when: outages, wall: (i) => 1000 + i / 30 });
  assert.ok(lengths.every((length) => length === 0));
});

test('bursts that have ended are forgotten', () => {
  const lengths = learn({ chunks: 120, duration: 0.5, when: (i) => (i < 30 ? pieces(i) : 1015 + (i - 29) / 2) });
  assert.equal(lengths[29], 3);
  assert.equal(lengths.at(-1), 0);
});

test('pauses that the server made are forgotten when it makes none any more', () => {
  const bursts = new Bursts();
  const add = (i, when) => bursts.add(i / 30, 1 / 30, 0, when);
  for (let i = 0; i < 120; i++) add(i, Math.floor(i / 15) / 2);
  assert.ok(bursts.length > 0.4);
  bursts.forgetPauses();
  assert.equal(bursts.length, 0);
  for (let i = 120; i < 240; i++) add(i, i / 30 + 0.5);
  assert.equal(bursts.length, 0);
});

test('a clock that was set is no burst of hours, and no size is out of bounds', () => {
  const lengths = learn({ chunks: 600, duration: 0.1, when: (i) => i / 10, wall: (i) => (i < 300 ? 1000 : 9000) + i / 10 });
  assert.ok(lengths.every((length) => length === 0));
  const wild = learn({ chunks: 300, duration: 5, when: (i) => i * 5, wall: (i) => (i % 7) * 1e9 });
  assert.ok(wild.every((length) => length >= 0 && length <= 40));
});
