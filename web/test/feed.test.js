import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../feed.js';
import { parseMessage } from '../message.js';
import { ascii, message } from './bytes.js';

test('a feed counts what it does not let through, and measures chunks', () => {
  const feed = new Feed({ info: { number: 1, kind: 'video', codec: 'avc1.4D401E' } });
  const send = (fields) => feed.accept(parseMessage(message(fields)));
  assert.equal(send({ flags: 0, chunk: 4 }), false);
  assert.equal(send({ group: 1, time: 1_000_000 }), true);
  assert.equal(send({ group: 1, chunk: 1, flags: 0, time: 1_100_000 }), true);
  assert.equal(send({ group: 1, chunk: 1, flags: 0 }), false);
  assert.equal(send({ group: 1, chunk: 2, flags: 0, payload: ascii('garbage and nothing but garbage') }), false);
  assert.equal(send({ group: 1, chunk: 3, flags: 0, time: 1_300_000 }), false, 'it needs what was refused');
  assert.equal(send({ group: 2, time: 2_000_000 }), true);
  assert.deepEqual(feed.counts, { gaps: 0, duplicates: 1, orphans: 2, refused: 1 });
  assert.ok(Math.abs(feed.duration - 0.1) < 1e-9, `duration = ${feed.duration}, holes do not count`);
});

test('groups of one chunk are measured too, holes are not', () => {
  const feed = new Feed({ info: { number: 1, kind: 'video', codec: 'avc1.4D401E' } });
  for (const [group, time] of [[0, 0], [1, 2_000_000], [9, 18_000_000]]) feed.accept(parseMessage(message({ group, time })));
  assert.equal(feed.duration, 2);
});

test('a hole counts once, and only if no other connection has filled it', () => {
  const feed = new Feed({ info: { number: 1, kind: 'video', codec: 'avc1.4D401E' } });
  const at = (group) => ({ to: { epoch: 7, group, chunk: 0 } });
  feed.accept(parseMessage(message({ group: 4 })));
  feed.miss(at(4));
  assert.equal(feed.counts.gaps, 0, 'the chunk after the hole is here');
  feed.miss(at(6));
  feed.miss(at(6));
  assert.equal(feed.counts.gaps, 1, 'the same notice by the next connection');
  feed.miss(at(8));
  assert.equal(feed.counts.gaps, 2);
});
