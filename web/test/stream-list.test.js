import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStreams } from '../pages/stream-list.js';

const h264 = { number: 1, kind: 'video', codec: 'avc1.4D401E' };

test('a list of streams, as far as it makes sense', () => {
  const got = parseStreams({
    streams: [
      { name: 'cam10', state: 'idle' },
      { name: 'cam2', state: 'live', viewers: 3, tracks: [h264, { codec: 7 }, null] },
      { name: '' },
      null,
      7,
    ],
  });
  assert.deepEqual(got, [
    { name: 'cam2', live: true, tracks: [h264], viewers: 3 },
    { name: 'cam10', live: false, tracks: [], viewers: 0 },
  ]);
  for (const value of [null, [], {}, { streams: 7 }]) assert.deepEqual(parseStreams(value), []);
});
