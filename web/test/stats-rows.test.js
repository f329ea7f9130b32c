import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING } from '../stats.js';
import { statsRows } from '../stats-rows.js';

const none = { ...NOTHING, reconnects: 0, moves: 0, gaps: 0, tracks: [], engine: '', edge: '', hops: null, address: '' };

test('what is not known is not made up', () => {
  const rows = Object.fromEntries(statsRows(none, 0));
  assert.equal(rows.Latency, 'not known');
  assert.equal(rows.Picture, 'none');
  assert.equal(rows['Data rate'], '–');
  assert.equal(rows.Recoveries, 'none');
  assert.deepEqual([rows.Edge, rows.Hops], ['–', '–']);
});

test('each figure is in its row', () => {
  const tracks = [
    { number: 1, kind: 'video', codec: 'avc1.64001e', width: 640, height: 360, frameRate: 30 },
    { number: 2, kind: 'audio', codec: 'mp4a.40.2' },
  ];
  const recoveries = { ...NOTHING.recoveries, dry: 2 };
  const stats = { ...none, tracks, recoveries, decodedFrames: 90, droppedFrames: 1, stalls: 1, reconnects: 2, edge: 'edge-1', hops: 3, address: 'wss://edge/live/a' };
  const rows = Object.fromEntries(statsRows(stats, 1_000_000));
  assert.match(rows.Picture, /640.*360/);
  assert.match(rows.Codecs, /avc1\.64001e.*mp4a\.40\.2/);
  assert.equal(rows.Frames, '90 decoded, 1 dropped');
  assert.equal(rows.Interruptions, '1 stall, 0 jumps, 0 gaps');
  assert.equal(rows.Connection, '2 reconnects, 0 moves');
  assert.equal(rows.Recoveries, '2 dry');
  assert.equal(rows.Edge, 'edge-1, wss://edge/live/a');
  assert.equal(rows.Hops, '3 from the ingress');
});
