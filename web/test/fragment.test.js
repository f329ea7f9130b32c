import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSamples } from '../codec-samples.js';
import { joinChunks, readDefaults } from '../fragment.js';
import { box, concat, initBytes } from './bytes.js';
import { chunk, init, tfhdBox, u32, visualEntry } from './codec-bytes.js';
import { Fuzz } from './fuzz.js';

const SYNC = 0x02000000;
const OTHER = 0x01010000;
const DEFAULTS = [512, 4, OTHER];
const NONE = { duration: 0, size: 0, flags: 0 };

/** The samples of chunks: bytes, flags, and times from a common zero. */
function samples(chunks, defaults = NONE) {
  return chunks.flatMap((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const tfdt = [...bytes].findIndex((_, i) => view.byteLength > i + 20 && view.getUint32(i) === 0x74666474);
    const base = view.getUint32(tfdt + 4) >>> 24 ? Number(view.getBigUint64(tfdt + 8)) : view.getUint32(tfdt + 8);
    return readSamples(bytes, defaults).map(({ time, duration, sync, data }) => ({ time: base + time, duration, sync, data: [...data] }));
  });
}

const defaults = { duration: DEFAULTS[0], size: DEFAULTS[1], flags: DEFAULTS[2] };
const join = (chunks) => joinChunks(chunks, DEFAULTS);

test('an init segment says what holds for samples, if it does', () => {
  assert.deepEqual(readDefaults(init(visualEntry('avc1', 4, 4), { trex: [512, 4, OTHER] })), [512, 4, OTHER]);
  assert.equal(readDefaults(initBytes), null);
  assert.equal(readDefaults(Uint8Array.of(0, 0)), null);
});

test('many chunks become one, with the same samples', () => {
  const many = [
    chunk({ time: 2 ** 33, samples: [{ size: 9, duration: 512, flags: SYNC }, { size: 3, duration: 512, flags: OTHER }] }),
    chunk({ time: 2 ** 33 + 1024, samples: [{ size: 5, offset: 300 }] }),
    chunk({ time: 2 ** 33 + 1536, samples: [{ size: 6, offset: -100 & 0xffffffff }], tfhd: tfhdBox(0x020008, 256) }),
    chunk({ time: 2 ** 33 + 1792, samples: [{ size: 0 }, { size: 2 }], first: SYNC }),
    concat(box('prft', u32(0, 1, 2, 3, 4)), chunk({ time: 2 ** 33 + 2816, samples: [{}] })),
  ];
  const joined = join(many);
  assert.equal(joined.length, 1);
  assert.deepEqual(samples(joined), samples(many, defaults));
  assert.deepEqual(samples(joined).map(({ sync }) => sync), [true, false, false, false, true, false, false]);
});

test('which sample entry holds is told as it was', () => {
  const of = (entry, time) => chunk({ time, tfhd: tfhdBox(0x020002, entry) });
  const joined = join([of(1, 0), of(1, 512), of(2, 1024), chunk({ time: 1536 }), chunk({ time: 2048 })]);
  assert.deepEqual(joined.map((bytes) => samples([bytes]).length), [2, 1, 2]);
  const entries = joined.map((bytes) => {
    const at = Buffer.from(bytes).indexOf('tfhd') + 4;
    const view = new DataView(bytes.buffer, at);
    return view.getUint32(0) === 0x020002 ? view.getUint32(8) : null;
  });
  assert.deepEqual(entries, [1, 2, null]);
  assert.deepEqual(samples(joined), samples([of(1, 0), of(1, 512), of(2, 1024), chunk({ time: 1536 }), chunk({ time: 2048 })], defaults));
});

test('a duration that was a guess is put right', () => {
  const joined = join([0, 500, 1030].map((time) => chunk({ time, samples: [{}] })));
  assert.equal(joined.length, 1);
  assert.deepEqual(samples(joined).map(({ time, duration }) => [time, duration]), [[0, 500], [500, 530], [1030, 512]]);
});

test('what does not follow begins a chunk', () => {
  const gap = [0, 512, 2048, 2560].map((time) => chunk({ time, samples: [{}] }));
  assert.deepEqual(join(gap).map((bytes) => samples([bytes]).length), [2, 2]);
  const back = [2048, 0].map((time) => chunk({ time, samples: [{}] }));
  assert.equal(join(back).length, 2);
  const track = [chunk({ time: 0 }), chunk({ time: 512, tfhd: box('tfhd', u32(0x020000, 2)) })];
  assert.equal(join(track).length, 2);
});

for (const [name, odd] of Object.entries({
  'no boxes': Uint8Array.of(1, 2, 3),
  'a moof that is empty': concat(box('moof'), box('mdat')),
  'two runs': concat(box('moof', box('traf', tfhdBox(), box('tfdt', u32(0, 512)), box('trun', u32(1, 0, 8)), box('trun', u32(1, 0, 8)))), box('mdat')),
  'no decode time': concat(box('moof', box('traf', tfhdBox(), box('trun', u32(1, 0, 8)))), box('mdat')),
  'more to know of samples': concat(box('moof', box('traf', tfhdBox(), box('tfdt', u32(0, 512)), box('trun', u32(1, 0, 8)), box('senc', u32(0, 0)))), box('mdat')),
  'two moofs': concat(chunk({ time: 512 }), chunk({ time: 1024 })),
  'another base': chunk({ time: 512, tfhd: tfhdBox(0x1, 0, 0) }),
  'data in front of it': chunk({ time: 512, dataOffset: 0 }),
  'data beyond it': chunk({ time: 512, dataOffset: 4000 }),
  'too many samples': chunk({ time: 512, count: 4_000_000 }),
})) {
  test(`a chunk stays as it is that has ${name}`, () => {
    const joined = join([chunk({ time: 0 }), odd, chunk({ time: 1024 })]);
    assert.equal(joined.length, 3);
    assert.equal(joined[1], odd);
  });
}

test('a chunk has only so many samples', () => {
  const many = Array.from({ length: 5 }, (_, i) => chunk({ time: i * 512_000, samples: Array(1000).fill({}) }));
  assert.deepEqual(join(many).map((bytes) => samples([bytes]).length), [4000, 1000]);
});

test('whatever comes, all of it is there afterwards and nothing more', () => {
  const fuzz = new Fuzz(11);
  let merged = 0;
  for (let i = 0; i < 2_000; i++) {
    const good = chunk({ time: 0, samples: [{ size: 5 }, { size: 7 }] });
    const mutated = new Uint8Array(fuzz.mutate(chunk({ time: 1024, samples: [{ size: 8, duration: 512 }] }).slice().buffer));
    const joined = join([good, mutated]);
    if (joined.length === 1) merged++;
    const bytes = joined.reduce((n, one) => n + one.length, 0);
    assert.ok(bytes <= good.length + mutated.length + 16 * 4096 + 200);
    if (joined.length === 2 && joined[1] === mutated) assert.deepEqual(samples([joined[0]]), samples([good], defaults));
  }
  assert.ok(merged > 50, `${merged} were joined`);
});
