import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lack } from '../lack.js';

test('it is over when the media is again where it would be without it', () => {
  const lack = new Lack(10.1, 50, 10);
  assert.equal(lack.isOver(11, 50, 0.1), false, 'nothing has come');
  assert.equal(lack.isOver(11.5, 50.04, 0.1), false, 'a second and a half are to come');
  assert.equal(lack.isOver(11.52, 51.45, 0.1), true);
  assert.ok(Math.abs(lack.length - 1.4) < 1e-9, `${lack.length}`);
});

test('what never comes is waited for only for a moment, however often playback runs dry in it', () => {
  const lack = new Lack(10.1, 50, 10);
  for (let i = 0; i < 3; i++) {
    assert.equal(lack.isOver(12 + i / 10, 50.04 + i / 10, 0.1), false);
    lack.repeat(50.04 + i / 10);
  }
  assert.equal(lack.isOver(12.31, 50.24, 0.1), false, 'nothing has come since');
  assert.equal(lack.isOver(12.35, 50.28, 0.1), true);
});
