import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodecChoice, FAMILIES, fitSize, videoConfig } from '../publish-codecs.js';
import { FakeClock } from './fake-clock.js';

for (const [width, height, frameRate, want] of [
  [640, 360, 30, ['avc1.42E01E', 'vp09.00.21.08', 'av01.0.01M.08']],
  [1280, 720, 30, ['avc1.42E01F', 'vp09.00.31.08', 'av01.0.05M.08']],
  [1280, 720, 60, ['avc1.42E020', 'vp09.00.40.08', 'av01.0.08M.08']],
  [1920, 1080, 30, ['avc1.42E028', 'vp09.00.40.08', 'av01.0.08M.08']],
  [1920, 1080, 60, ['avc1.42E02A', 'vp09.00.41.08', 'av01.0.09M.08']],
  [3840, 2160, 30, ['avc1.42E033', 'vp09.00.51.08', 'av01.0.13M.08']],
  [9999, 9999, 90, ['avc1.42E034', 'vp09.00.51.08', 'av01.0.13M.08']],
]) {
  test(`codecs of ${width}x${height} at ${frameRate}`, () => {
    const configs = FAMILIES.map((family) => videoConfig(family, { width, height, frameRate, bitrate: 1 }));
    assert.deepEqual(configs.map(({ codec }) => codec), want);
    assert.deepEqual(configs.map(({ avc }) => avc?.format), ['annexb', undefined, undefined]);
    assert.ok(configs.every(({ latencyMode }) => latencyMode === 'realtime'));
  });
}

for (const [picture, bounds, want] of [
  [[1280, 720], [1280, 720], [1280, 720]],
  [[640, 480], [1280, 720], [640, 480]],
  [[1920, 1080], [1280, 720], [1280, 720]],
  [[720, 1280], [1280, 720], [720, 1280]],
  [[1080, 1920], [1280, 720], [720, 1280]],
  [[1366, 768], [1280, 720], [1280, 720]],
  [[801, 601], [1280, 720], [802, 602]],
  [[3000, 100], [1280, 720], [1280, 42]],
  [[1, 1], [1280, 720], [2, 2]],
]) {
  test(`${picture} in ${bounds}: ${want}`, () => {
    const [a, b] = [picture, bounds].map(([width, height]) => ({ width, height }));
    assert.deepEqual(fitSize(a, b), { width: want[0], height: want[1] });
  });
}

const picture = { width: 640, height: 360, frameRate: 30, bitrate: 1e6 };

function makeStorage() {
  const values = new Map();
  return { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value) };
}

async function next(choice, supported = FAMILIES) {
  const chosen = await choice.next(picture, async ({ codec }) => supported.some((family) => codec.startsWith(family)));
  return chosen?.family ?? null;
}

test('the first codec that the browser has', async () => {
  const choice = new CodecChoice(FAMILIES, { clock: new FakeClock() });
  assert.equal(await next(choice), 'avc1');
  assert.equal(await next(choice, ['vp09', 'av01']), 'vp09');
  assert.equal(await next(choice, []), null);
  assert.equal(await next(new CodecChoice(['av01'], { clock: new FakeClock() })), 'av01');
});

test('slow ones come last, the least slow of them first', async () => {
  const choice = new CodecChoice(FAMILIES, { clock: new FakeClock() });
  choice.tooSlow('avc1', 1375);
  assert.equal(await next(choice), 'vp09');
  choice.tooSlow('vp09', 200);
  assert.equal(await next(choice), 'av01');
  choice.tooSlow('av01', 290);
  assert.equal(await next(choice), 'vp09');
  choice.refuse('vp09');
  assert.equal(await next(choice), 'av01');
  assert.equal(choice.hasOther('av01'), true);
  choice.refuse('avc1');
  assert.equal(choice.hasOther('av01'), false);
});

test('what is slow is remembered, for this version of the browser and for a week', async () => {
  const [storage, clock] = [makeStorage(), new FakeClock()];
  new CodecChoice(FAMILIES, { storage, clock, agent: 'Fox 1' }).tooSlow('avc1', 1375);
  const again = (agent) => next(new CodecChoice(FAMILIES, { storage, clock, agent }));
  assert.equal(await again('Fox 1'), 'vp09');
  assert.equal(await again('Fox 2'), 'avc1');
  clock.advance(8 * 24 * 3_600_000);
  assert.equal(await again('Fox 1'), 'avc1');
});

for (const stored of ['{broken', 'null', '{"agent":"","at":"x","slow":{"avc1":5}}', '{"agent":"","at":1760000000000,"slow":[1]}']) {
  test(`a memory of ${stored} is none`, async () => {
    const storage = { getItem: () => stored, setItem: () => assert.fail() };
    assert.equal(await next(new CodecChoice(FAMILIES, { storage, clock: new FakeClock() })), 'avc1');
  });
}

test('a storage that refuses does no harm', () => {
  const refuse = () => {
    throw new Error('SecurityError');
  };
  const choice = new CodecChoice(FAMILIES, { storage: { getItem: refuse, setItem: refuse }, clock: new FakeClock() });
  choice.tooSlow('avc1', 9);
  assert.equal(choice.isSlow('avc1'), true);
});
