import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recallChoices } from '../choice-memory.js';
import { settings } from '../settings.js';

const titles = (groups) => groups.map(({ title }) => title);
const checked = (group) => group.choices.filter((choice) => choice.checked).map(({ label }) => label);
const one = { qualities: [{ id: 1, label: '720p' }], quality: 'auto', currentQuality: 1 };
const two = { qualities: [...one.qualities, { id: 2, label: '360p' }], quality: 'auto', currentQuality: 2 };

test('there is a choice of renditions and captions only where there are some', () => {
  const host = { statsShown: false };
  assert.deepEqual(titles(settings(host, one, [])), ['Latency', '']);
  assert.deepEqual(titles(settings(host, two, [{ kind: 'metadata' }])), ['Quality', 'Latency', '']);
  assert.deepEqual(titles(settings(host, two, [{ kind: 'captions' }])), ['Quality', 'Latency', 'Captions', '']);
});

test('the automatic choice says what it has chosen, and another can be made', () => {
  const player = { ...two };
  const [quality] = settings({}, player, []);
  assert.deepEqual(checked(quality), ['Auto (360p)']);
  quality.choices[1].choose();
  assert.equal(player.quality, 1);
  assert.deepEqual(checked(settings({}, player, [])[0]), ['720p']);
});

test('a latency that is not in the list is shown as it is', () => {
  const player = { ...one, latency: '700ms' };
  const [latency] = settings({}, player, []);
  assert.deepEqual(checked(latency), ['700ms']);
  latency.choices[0].choose();
  assert.equal(player.latency, 'low');
});

test('what is chosen is kept, a rendition by its height', () => {
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  try {
    const player = { ...two, qualities: [{ id: 1, label: '720p60', height: 720 }, { id: 2, label: 'Track 2' }] };
    const [quality, latency] = settings({}, player, []);
    quality.choices[1].choose();
    latency.choices[2].choose();
    assert.deepEqual(recallChoices(), { quality: '720p', latency: 'smooth' });
    quality.choices[2].choose();
    assert.deepEqual(recallChoices(), { quality: 'auto', latency: 'smooth' });
  } finally {
    delete globalThis.localStorage;
  }
});

test('one caption track is shown at a time', () => {
  const tracks = [{ kind: 'captions', label: 'English', mode: 'showing' }, { kind: 'subtitles', language: 'de', mode: 'disabled' }];
  const captions = settings({}, one, tracks)[1];
  assert.deepEqual(checked(captions), ['English']);
  captions.choices[2].choose();
  assert.deepEqual(tracks.map(({ mode }) => mode), ['disabled', 'showing']);
});
