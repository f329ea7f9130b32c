import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recallChoices, rememberChoice } from '../choice-memory.js';

test('each choice is kept beside the others', () => {
  const kept = new Map();
  const storage = () => ({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) });
  assert.deepEqual(recallChoices(storage), {});
  rememberChoice({ latency: '1s' }, storage);
  rememberChoice({ quality: '480p' }, storage);
  rememberChoice({ latency: 'low' }, storage);
  assert.deepEqual(recallChoices(storage), { latency: 'low', quality: '480p' });
});

test('a browser that keeps nothing is no reason to fail', () => {
  const forbidden = () => {
    throw new DOMException('no', 'SecurityError');
  };
  rememberChoice({ latency: 'low' }, forbidden);
  assert.deepEqual(recallChoices(forbidden), {});
});

for (const text of ['', '{', 'null', '7', '"low"', '[]', '{"latency":7,"quality":{}}', '{"latency":"<b>","quality":"max-1p x"}', '{"__proto__":{"latency":"low"}}']) {
  test(`what was not kept by the player is not used: ${text}`, () => {
    assert.deepEqual(recallChoices(() => ({ getItem: () => text })), {});
  });
}
