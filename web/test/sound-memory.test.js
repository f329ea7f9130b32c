import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recallSound, rememberSound } from '../sound-memory.js';

function fakeStorage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

test('the sound is as it was left', () => {
  const storage = fakeStorage();
  assert.equal(recallSound(() => storage), null);
  rememberSound({ muted: true, volume: 0.25 }, () => storage);
  assert.deepEqual(recallSound(() => storage), { muted: true, volume: 0.25 });
});

test('a browser that keeps nothing is no reason to fail', () => {
  const forbidden = () => {
    throw new DOMException('no', 'SecurityError');
  };
  rememberSound({ muted: true, volume: 1 }, forbidden);
  assert.equal(recallSound(forbidden), null);
});

for (const text of ['', '{', 'null', '7', '[]', '{"muted":"no","volume":1}', '{"muted":true,"volume":2}', '{"muted":true,"volume":null}']) {
  test(`what was not kept by the player is not used: ${text}`, () => {
    assert.equal(recallSound(() => ({ getItem: () => text })), null);
  });
}
