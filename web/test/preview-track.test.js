import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previewTrack } from '../pages/preview-track.js';

const h264 = { kind: 'video', codec: 'avc1.4D401E' };
const h265 = { kind: 'video', codec: 'hvc1.1.6.L93.B0' };
const sound = { number: 9, kind: 'audio', codec: 'mp4a.40.2' };
const isSupported = (/** @type {string} */ mime) => mime.includes('avc1');

for (const { name, tracks, number, note } of [
  { name: 'the smallest of three', tracks: [{ ...h264, number: 1, width: 1280, height: 720 }, { ...h264, number: 2, width: 426, height: 240 }, { ...h264, number: 3, width: 854, height: 480 }, sound], number: 2, note: '' },
  { name: 'one that can be played', tracks: [{ ...h265, number: 1, width: 320, height: 180 }, { ...h264, number: 2, width: 640, height: 360 }], number: 2, note: '' },
  { name: 'a size that is told', tracks: [{ ...h264, number: 1 }, { ...h264, number: 2, width: 1920, height: 1080 }], number: 2, note: '' },
  { name: 'a size that is not told', tracks: [{ ...h264, number: 1 }], number: 1, note: '' },
  { name: 'nothing that can be played', tracks: [{ ...h265, number: 1 }, sound], note: 'This browser cannot play H.265' },
  { name: 'sound', tracks: [sound], note: 'Sound only' },
  { name: 'nothing', tracks: [], note: '' },
]) {
  test(`a preview of ${name}`, () => {
    const got = previewTrack(/** @type {any} */ (tracks), isSupported);
    assert.deepEqual({ number: got.track?.number, note: got.note }, { number, note });
  });
}
