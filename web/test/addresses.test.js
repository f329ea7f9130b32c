import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Addresses } from '../addresses.js';

test('they follow each other round and round', () => {
  const addresses = new Addresses(['a', 'b', 'c']);
  const seen = [1, 2, 3, 4].map(() => [addresses.current, addresses.next()]);
  assert.deepEqual(seen, [['a', false], ['b', false], ['c', true], ['a', false]]);
});

test('a round begins with one that works', () => {
  const addresses = new Addresses(['a', 'b']);
  addresses.next();
  addresses.worked();
  assert.deepEqual([addresses.current, addresses.next(), addresses.next()], ['b', false, true]);
});

test('the last one cannot be taken out', () => {
  const addresses = new Addresses(['a', 'b']);
  addresses.next();
  assert.equal(addresses.remove(), true);
  assert.equal(addresses.current, 'a');
  assert.equal(addresses.next(), true);
  assert.equal(addresses.remove(), false);
});
