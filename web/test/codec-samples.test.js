import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BoxError, listBoxes, viewOf } from '../box-reader.js';
import { readSamples } from '../codec-samples.js';
import { box, concat } from './bytes.js';
import { chunk, tfhdBox, u32 } from './codec-bytes.js';

const DEFAULTS = { duration: 3000, size: 4, flags: 0x10000 };

function facts(bytes, defaults = DEFAULTS) {
  return readSamples(bytes, defaults).map(({ time, duration, sync, data }) => [time, duration, sync, ...data]);
}

test('samples have what the trun says, and the defaults of trex where it says nothing', () => {
  assert.deepEqual(facts(chunk({ samples: [{}, {}] })), [
    [0, 3000, false, 0, 1, 2, 3],
    [3000, 3000, false, 4, 5, 6, 7],
  ]);
  const samples = [
    { size: 2, duration: 10, flags: 0, offset: 5 },
    { size: 1, duration: 20, flags: 0x10000, offset: -3 },
  ];
  for (const version of [0, 1]) {
    assert.deepEqual(facts(chunk({ time: 1_000_000, version, samples })), [
      [5, 10, true, 0, 1],
      [7, 20, false, 2],
    ]);
  }
});

test('tfhd overrides trex, and first_sample_flags what the first sample would be', () => {
  const tfhd = tfhdBox(0x020038, 7, 1, 0x10000);
  assert.deepEqual(facts(chunk({ tfhd, first: 0, samples: [{}, {}] }), { duration: 1, size: 9, flags: 0 }), [
    [0, 7, true, 0],
    [7, 7, false, 1],
  ]);
});

test('times count from the first sample of a chunk with several moofs', () => {
  const bytes = concat(chunk({ time: 5000 }), chunk({ time: 8000 }));
  assert.deepEqual(facts(bytes).map(([time]) => time), [0, 3000]);
  assert.deepEqual([...readSamples(bytes, DEFAULTS)[1].data], [0, 1, 2, 3]);
});

test('the samples of real files fill their mdat boxes', () => {
  for (const name of ['frames-h264', 'frames-aac', 'frames-av1', 'frames-opus']) {
    const file = Uint8Array.from(readFileSync(new URL(`../../livews/dash/testdata/${name}.mp4`, import.meta.url)));
    const boxes = listBoxes(viewOf(file));
    const from = boxes.find(({ type }) => type === 'moof').start;
    const bytes = file.slice(from);
    const samples = readSamples(bytes, { duration: 0, size: 0, flags: 0 });
    const media = boxes.filter(({ type, start }) => type === 'mdat' && start > from).reduce((n, { body }) => n + body.byteLength, 0);
    assert.ok(samples.length > 3, name);
    assert.equal(samples.reduce((n, { data }) => n + data.length, 0), media, name);
    assert.ok(samples[0].sync, name);
  }
});

test('what lies about itself is refused', () => {
  const hostile = {
    'too many samples for the box': chunk({ count: 4000, samples: [{ size: 1 }] }),
    'millions of samples of the default size': chunk({ count: 20_000_000 }),
    'a sample beyond the end': chunk({ samples: [{ size: 1 }, { size: 1 }], tfhd: tfhdBox(), dataOffset: 10_000 }),
    'a sample before the start': chunk({ dataOffset: 0xffff0000 }),
    'no moof': new Uint8Array(12),
    'no tfhd': concat(box('moof', box('traf', box('trun', u32(0, 1)))), box('mdat')),
    'a short tfhd': chunk({ tfhd: box('tfhd', u32(0x08)) }),
    'a box longer than its parent': concat(box('moof', u32(100, 0x74726166)), box('mdat')),
    'a box of size 4': concat(box('moof', u32(4, 0x74726166))),
    'a time too large': chunk({ time: 2 ** 60 }),
    'more boxes than anyone writes': concat(...Array.from({ length: 1200 }, () => box('free'))),
  };
  for (const [name, bytes] of Object.entries(hostile)) assert.throws(() => readSamples(bytes, DEFAULTS), BoxError, name);
});

test('no change of a byte makes it fail otherwise than by a BoxError, or go beyond the chunk', () => {
  const good = chunk({ time: 1, samples: [{ size: 2, duration: 1, flags: 0, offset: 0 }, { size: 1, duration: 1, flags: 0, offset: 0 }] });
  for (let at = 0; at < good.length; at++) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const bytes = good.slice();
      bytes[at] = value;
      try {
        for (const { data } of readSamples(bytes, DEFAULTS)) assert.ok(data.byteOffset + data.length <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof BoxError, `byte ${at} = ${value}: ${error.stack}`);
      }
    }
    assert.doesNotThrow(() => {
      try {
        readSamples(good.slice(0, at), DEFAULTS);
      } catch (error) {
        if (!(error instanceof BoxError)) throw error;
      }
    });
  }
});
