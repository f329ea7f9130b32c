import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparePositions, formatPosition, parsePosition } from '../position.js';

test('positions are ordered by epoch, group, chunk', () => {
  const rising = ['0.0.0', '1.0.0', '1.0.9', '1.1.0', '1.10.0', '2.0.0', '4294967295.4294967295.4294967295'].map(parsePosition);
  rising.forEach((p, i) => {
    rising.forEach((q, j) => assert.equal(Math.sign(comparePositions(p, q)), Math.sign(i - j), `${formatPosition(p)} and ${formatPosition(q)}`));
  });
});

test('the text form comes back', () => {
  assert.equal(formatPosition(parsePosition('1760000000.12.3')), '1760000000.12.3');
});

for (const text of ['', '1.2', '1.2.3.4', '1.2.x', '-1.2.3', ' 1.2.3', '1.2.4294967296', '1.2.99999999999', '1..3', null, 7]) {
  test(`no position: ${text}`, () => assert.equal(parsePosition(text), null));
}
