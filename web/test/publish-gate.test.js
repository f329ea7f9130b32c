import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameGate } from '../publish-gate.js';

const MBIT = 1_000_000;

test('a key frame first, every two seconds, and on request', () => {
  const gate = new FrameGate(MBIT);
  const verdicts = [];
  for (let i = 0; i < 150; i++) {
    if (i === 20) gate.wantKey();
    if (gate.admit(i * 33_333, 0, 0) === 'key') verdicts.push(i);
  }
  assert.deepEqual(verdicts, [0, 20, 81, 142]);
});

test('a device that begins to count anew gets a key frame', () => {
  const gate = new FrameGate(MBIT);
  gate.admit(60_000_000, 0, 0);
  assert.equal(gate.admit(0, 0, 0), 'key');
  assert.equal(gate.admit(33_333, 0, 0), 'delta');
});

for (const [queue, unsent, bitrate, want] of [
  [3, 0, MBIT, 'delta'],
  [4, 0, MBIT, 'drop'],
  [0, 128 << 10, MBIT, 'delta'],
  [0, (128 << 10) + 1, MBIT, 'drop'],
  [0, 500_000, 8 * MBIT, 'delta'],
  [0, 500_001, 8 * MBIT, 'drop'],
]) {
  test(`queue ${queue}, ${unsent} bytes unsent of ${bitrate} bit/s: ${want}`, () => {
    const gate = new FrameGate(bitrate);
    gate.admit(0, 0, 0);
    assert.equal(gate.admit(33_333, queue, unsent), want);
    assert.equal(gate.dropped, want === 'drop' ? 1 : 0);
  });
}

test('a key frame that is wanted is not forgotten while frames are left out', () => {
  const gate = new FrameGate(MBIT);
  gate.admit(0, 0, 0);
  gate.wantKey();
  assert.equal(gate.admit(33_333, 4, 0), 'drop');
  assert.equal(gate.admit(66_666, 0, 0), 'key');
});

test('what is thrown away behind the encoder is followed by a key frame', () => {
  const gate = new FrameGate(MBIT);
  assert.equal(gate.admit(0, 0, 0), 'key');
  assert.equal(gate.pass(true, 0), true);
  assert.equal(gate.pass(false, 0), true);
  assert.equal(gate.pass(false, 10 * MBIT), false, 'the line is blocked');
  assert.equal(gate.pass(false, 0), false, 'the chain is broken');
  assert.equal(gate.admit(33_333, 0, 0), 'key');
  assert.equal(gate.pass(true, 0), true);
  assert.equal(gate.pass(false, 0), true);
  assert.equal(gate.dropped, 2);
});

test('after a restart nothing goes before a key frame', () => {
  const gate = new FrameGate(MBIT);
  gate.admit(0, 0, 0);
  gate.pass(true, 0);
  gate.restart();
  assert.equal(gate.pass(false, 0), false);
  assert.equal(gate.admit(33_333, 0, 0), 'key');
});
