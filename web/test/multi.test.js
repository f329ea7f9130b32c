import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GAP, layOut } from '../pages/mosaic-layout.js';
import { MOST_STREAMS, formatMulti, isStreamName, parseMulti } from '../pages/multi-address.js';

for (const { query, want } of [
  { query: '', want: { streams: [] } },
  { query: '?s=cam1&s=cam2', want: { streams: ['cam1', 'cam2'] } },
  { query: '?s=a/b&s=a%2Fb&s=c&sound=c&big=a/b', want: { streams: ['a/b', 'c'], sound: 'c', big: 'a/b' } },
  { query: '?s=a&sound=b&big=b', want: { streams: ['a'] } },
  { query: '?s=..&s=a/../b&s=&s=a//b&s=<b>&s=a%20b&s=ok', want: { streams: ['ok'] } },
]) {
  test(`the multi-view of ${query || 'nothing'}`, () => {
    const got = parseMulti(query);
    assert.deepEqual(JSON.parse(JSON.stringify(got)), want);
    assert.deepEqual(parseMulti(formatMulti(got)), got, 'there and back');
  });
}

test('an address of a multi-view is bounded, and easy to read', () => {
  const names = Array.from({ length: 40 }, (_, i) => `cam${i}`);
  assert.equal(parseMulti(formatMulti({ streams: names })).streams.length, MOST_STREAMS);
  assert.equal(parseMulti(names.map((name) => `s=${name}`).join('&')).streams.length, MOST_STREAMS);
  assert.equal(formatMulti({ streams: ['hall/door~1', 'b'], sound: 'b' }), 's=hall/door~1&s=b&sound=b');
});

test('names of streams', () => {
  for (const name of ['cam1', 'a/b/c', 'A.b_c~d-e', '...', 'x'.repeat(255)]) assert(isStreamName(name), name);
  for (const name of ['', '/', 'a/', '/a', '.', 'a/..', 'ä', 'a b', 'a\n', 'x'.repeat(256), 'a/'.repeat(16) + 'a']) assert(!isStreamName(name), name);
});

for (const { cells, width, height, columns } of [
  { cells: 1, width: 1200, height: 700, columns: 1 },
  { cells: 2, width: 1200, height: 700, columns: 2 },
  { cells: 2, width: 1200, height: 1400, columns: 1 },
  { cells: 2, width: 700, height: 900, columns: 1 },
  { cells: 4, width: 1200, height: 700, columns: 2 },
  { cells: 9, width: 1200, height: 700, columns: 3 },
  { cells: 6, width: 390, height: 700, columns: 1 },
  { cells: 16, width: 800, height: 600, columns: 2 },
  { cells: 3, width: 200, height: 100, columns: 1 },
]) {
  test(`${cells} cells in ${width} x ${height}`, () => {
    const got = layOut(cells, width, height);
    assert.equal(got.columns, columns, JSON.stringify(got));
    assert(got.cellWidth * columns + GAP * (columns - 1) <= width, JSON.stringify(got));
    assert(got.cellWidth >= Math.min(width, 280) - GAP, JSON.stringify(got));
  });
}

test('no room at all', () => assert(layOut(5, 0, 0).cellWidth >= 0));
