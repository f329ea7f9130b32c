import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BoxError } from '../box-reader.js';
import { readInit } from '../codec-init.js';
import { ascii, box, concat } from './bytes.js';
import { audioEntry, esds, init, u16, u32, visualEntry } from './codec-bytes.js';

const video = { number: 1, kind: 'video', codec: 'avc1.64001f' };
const audio = { number: 2, kind: 'audio', codec: 'mp4a.40.2' };

test('a video decoder gets the size and the record of its codec', () => {
  for (const record of ['avcC', 'hvcC']) {
    const read = readInit(video, init(visualEntry('avc1', 640, 360, box('pasp', u32(1, 1)), box(record, [1, 2, 3])), { trex: [5, 6, 7] }));
    assert.equal(read.kind, 'video');
    assert.equal(read.timescale, 90_000);
    assert.deepEqual(read.defaults, { duration: 5, size: 6, flags: 7 });
    const { description, ...config } = read.config;
    assert.deepEqual([...description], [1, 2, 3]);
    assert.deepEqual(config, { codec: 'avc1.64001f', codedWidth: 640, codedHeight: 360, optimizeForLatency: true });
  }
  assert.equal(readInit({ ...video, codec: 'av01.0.04M.08' }, init(visualEntry('av01', 64, 64, box('av1C', [0x81])))).config.description, undefined);
});

test('an audio decoder gets the AudioSpecificConfig', () => {
  const { config, kind } = readInit(audio, init(audioEntry('mp4a', 2, 48_000, esds([0x11, 0x90]))));
  assert.equal(kind, 'audio');
  assert.deepEqual({ ...config, description: [...config.description] }, {
    codec: 'mp4a.40.2', sampleRate: 48_000, numberOfChannels: 2, description: [0x11, 0x90],
  });
});

test('Opus needs a description only for more than two channels, FLAC always', () => {
  const dOps = (family) => box('dOps', [0, 2], u16(312), u32(48_000), u16(0), [family, 1, 1, 0, 1]);
  const opus = { ...audio, codec: 'opus' };
  assert.equal(readInit(opus, init(audioEntry('Opus', 2, 48_000, dOps(0)))).config.description, undefined);
  const head = readInit(opus, init(audioEntry('Opus', 2, 48_000, dOps(1)))).config.description;
  assert.deepEqual([...head], [...ascii('OpusHead'), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 1, 1, 1, 0, 1]);
  const flac = readInit({ ...audio, codec: 'fLaC' }, init(audioEntry('fLaC', 1, 44_100, box('dfLa', u32(0), [0x80, 0, 0, 34])))).config;
  assert.equal(flac.codec, 'flac');
  assert.deepEqual([...flac.description], [...ascii('fLaC'), 0x80, 0, 0, 34]);
});

test('real init segments are read', () => {
  for (const [name, kind, described] of [
    ['frames-h264', 'video', true], ['frames-hvc1', 'video', true], ['frames-vp9', 'video', false], ['frames-av1', 'video', false],
    ['frames-aac', 'audio', true], ['frames-opus', 'audio', false], ['frames-flac', 'audio', true],
  ]) {
    const file = Uint8Array.from(readFileSync(new URL(`../../livews/dash/testdata/${name}.mp4`, import.meta.url)));
    const { config, timescale } = readInit({ number: 1, kind, codec: 'x' }, file);
    assert.equal(config.description !== undefined, described, name);
    assert.ok(kind === 'video' ? config.codedWidth > 0 : config.numberOfChannels > 0, name);
    assert.ok(timescale > 0, name);
  }
});

test('what is missing or broken is told', () => {
  const entry = visualEntry('avc1', 640, 360);
  for (const [name, bytes] of Object.entries({
    'no moov': box('ftyp'),
    'no trak': box('moov'),
    'timescale 0': init(entry, { timescale: 0 }),
    'no sample entry': init(new Uint8Array()),
    'a short sample entry': init(box('avc1', new Uint8Array(20))),
  })) {
    assert.throws(() => readInit(video, bytes), BoxError, name);
  }
  for (const bad of [esds([1]).subarray(0, 20), box('esds', u32(0), [9, 9]), box('esds')]) {
    const cut = bad[3] === bad.length ? bad : concat(box('esds', bad.subarray(8)));
    assert.throws(() => readInit(audio, init(audioEntry('mp4a', 2, 48_000, cut))), BoxError);
  }
});

test('no change of a byte makes it fail otherwise than by a BoxError', () => {
  const good = init(audioEntry('mp4a', 2, 48_000, esds([0x11, 0x90])));
  for (let at = 0; at < good.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const bytes = good.slice();
      bytes[at] = value;
      try {
        readInit(audio, bytes);
      } catch (error) {
        assert.ok(error instanceof BoxError, `byte ${at} = ${value}: ${error.stack}`);
      }
    }
  }
});
