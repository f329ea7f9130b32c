import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { PageWatch } from '../page-watch.js';
import { FakeClock } from './fake-clock.js';

let clock;
let wall;
let backs;
let watch;

beforeEach(() => {
  clock = new FakeClock();
  wall = 0;
  backs = [];
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
  globalThis.addEventListener = (type, call, options) => document.addEventListener(type, call, options);
  watch = new PageWatch((isShown) => backs.push(isShown), { ...clock, wall: () => clock.now() + wall });
});

afterEach(() => {
  delete globalThis.document;
  delete globalThis.addEventListener;
});

test('it says when the page is shown, thawed, or has its network again', () => {
  document.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(backs, []);
  document.dispatchEvent(new Event('online'));
  document.hidden = false;
  for (const type of ['visibilitychange', 'resume', 'pageshow']) document.dispatchEvent(new Event(type));
  assert.deepEqual(backs, [false, true, true, true]);
});

test('it says when the machine has slept, on whichever clock that shows', () => {
  clock.advance(60_000);
  assert.deepEqual(backs, []);
  wall += 3_600_000;
  clock.advance(1_000);
  assert.deepEqual(backs, [true]);
  clock.advance(60_000);
  assert.deepEqual(backs, [true]);
});

test('closed, it says nothing', () => {
  watch.close();
  document.dispatchEvent(new Event('resume'));
  wall += 3_600_000;
  clock.advance(60_000);
  assert.deepEqual(backs, []);
  assert.equal(clock.pending, 0);
});
