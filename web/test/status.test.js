import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOut } from '../status.js';

const plays = { isPlaced: true, isFrozen: false, isOver: false, lag: 0.1 };
const facts = { ended: false, down: null, shown: true, note: '' };

for (const [name, engine, fact, want] of [
  ['plays', {}, {}, 'live'],
  ['is behind', { lag: 3.4 }, {}, 'behind'],
  ['lacks media', { isFrozen: true }, {}, 'stalled'],
  ['begins anew', { isPlaced: false }, {}, 'reconnecting'],
  ['has shown nothing', { isPlaced: false }, { shown: false }, 'connecting'],
  ['has lost its connection', {}, { down: 'lost' }, 'reconnecting'],
  ['has never had one', {}, { down: 'unreachable', shown: false }, 'connecting'],
  ['has no stream', {}, { down: 'not-found' }, 'not-found'],
  ['plays to the end', {}, { ended: true }, 'live'],
  ['is at the end', { isOver: true, isFrozen: true }, { ended: true }, 'ended'],
]) {
  test(`a player that ${name} is ${want}`, () => {
    assert.equal(workOut({ ...plays, ...engine }, { ...facts, ...fact }).state, want);
  });
}
