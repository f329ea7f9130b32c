import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '../settings.js';

const titles = (groups) => groups.map(({ title }) => title);
const checked = (group) => group.choices.filter((choice) => choice.checked).map(({ label }) => label);
const one = { qualities: [{ id: 1, label: '720p' }], quality: 'auto', currentQuality: 1 };
const two = { qualities: [...one.qualities, { id: 2, label: '360p' }], quality: 'auto', currentQuality: 2 };

test('there is a choice of renditions and captions only where there are some', () => {
  const host = { latency: '', statsShown: false };
  assert.deepEqual(titles(settings(host, one, [])), ['Latency', '']);
  assert.deepEqual(titles(settings(host, two, [{ kind: 'metadata' }])), ['Quality', 'Latency', '']);
  assert.deepEqual(titles(settings(host, two, [{ kind: 'captions' }])), ['Quality', 'Latency', 'Captions', '']);
});

test('the automatic choice says what it has chosen, and another can be made', () => {
  const player = { ...two };
  const [quality] = settings({ latency: '' }, player, []);
  assert.deepEqual(checked(quality), ['Auto (360p)']);
  quality.choices[1].choose();
  assert.equal(player.quality, 1);
  assert.deepEqual(checked(settings({ latency: '' }, player, [])[0]), ['720p']);
});

test('a latency that is not in the list is shown as it is', () => {
  const host = { latency: '700ms' };
  const [latency] = settings(host, one, []);
  assert.deepEqual(checked(latency), ['700ms']);
  latency.choices[0].choose();
  assert.equal(host.latency, 'low');
});

test('one caption track is shown at a time', () => {
  const tracks = [{ kind: 'captions', label: 'English', mode: 'showing' }, { kind: 'subtitles', language: 'de', mode: 'disabled' }];
  const captions = settings({ latency: '' }, one, tracks)[1];
  assert.deepEqual(checked(captions), ['English']);
  captions.choices[2].choose();
  assert.deepEqual(tracks.map(({ mode }) => mode), ['disabled', 'showing']);
});
