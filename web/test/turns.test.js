import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Turns } from '../pages/turns.js';
import { FakeClock } from './fake-clock.js';

/** @type {FakeClock} */
let clock;
/** @type {Turns} */
let turns;
/** @type {Set<string>} */
let served;
/** @type {Record<string, number>} */
let begun;

beforeEach(() => {
  clock = new FakeClock();
  turns = new Turns(2, clock);
  served = new Set();
  begun = {};
});

/** @param {string} name */
function guest(name) {
  return {
    begin() {
      assert(!served.has(name), `${name} begins twice`);
      served.add(name);
      begun[name] = (begun[name] ?? 0) + 1;
    },
    end() {
      assert(served.delete(name), `${name} ends what it has not begun`);
    },
  };
}

/** @param {string} names */
function add(names) {
  const guests = [...names].map(guest);
  guests.forEach((one) => turns.add(one));
  return guests;
}

const now = () => [...served].sort().join('');

test('nobody makes way where there is room', () => {
  add('ab');
  clock.advance(100_000);
  assert.equal(now(), 'ab');
  assert.deepEqual(begun, { a: 1, b: 1 });
  assert.equal(clock.pending, 0);
});

test('where there is not, turns go round, and everybody gets as many', () => {
  add('abcde');
  const seen = [];
  for (let i = 0; i < 5; i++) {
    seen.push(now());
    clock.advance(10_000);
  }
  assert.deepEqual(seen, ['ab', 'cd', 'ae', 'bc', 'de']);
  clock.advance(50_000);
  assert(served.size === 2);
  assert(Math.max(...Object.values(begun)) - Math.min(...Object.values(begun)) <= 1, JSON.stringify(begun));
});

test('who does not want any more makes room at once', () => {
  const [a, , c] = add('abc');
  turns.remove(a);
  assert.equal(now(), 'bc');
  turns.remove(c);
  turns.remove(c);
  assert.equal(now(), 'b');
  turns.add(c);
  turns.add(c);
  assert.equal(now(), 'bc');
  assert.equal(clock.pending, 0);
});

test('who is preferred comes at once and stays', () => {
  const [, , , d] = add('abcd');
  turns.prefer(d);
  assert.equal(now(), 'bd');
  for (let i = 0; i < 6; i++) {
    clock.advance(10_000);
    assert(served.has('d') && served.size === 2, now());
  }
  assert.equal(begun.d, 1);
  turns.prefer(null);
  clock.advance(20_000);
  assert(!served.has('d'));
});
