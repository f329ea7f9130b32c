import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aloudNeed, soundLag } from '../chromium-sound.js';

const setNavigator = (value) => Object.defineProperty(globalThis, 'navigator', { value, configurable: true });

test('near the live edge Chromium plays sound after its picture, within what EBU R 37 allows; no other browser does', (t) => {
  t.after(() => setNavigator(undefined));
  setNavigator({ userAgentData: { brands: [{ brand: 'Not A;Brand' }, { brand: 'Chromium' }] } });
  assert.ok(soundLag(0.08) > 0 && soundLag(0.08) <= 0.06);
  assert.equal(soundLag(0.3), 0);
  assert.ok(aloudNeed() > 0);
  setNavigator({});
  assert.equal(soundLag(0.08) + aloudNeed(), 0);
});
