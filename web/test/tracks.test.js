import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseTracks, mimeType } from '../tracks.js';

const h264 = { number: 1, kind: 'video', codec: 'avc1.4D401E' };
const h265 = { number: 2, kind: 'video', codec: 'hvc1.1.6.L93.B0' };
const aac = { number: 3, kind: 'audio', codec: 'mp4a.40.2' };
const ac4 = { number: 4, kind: 'audio', codec: 'ac-4.02.01.01' };
const supports = (mime) => mime.includes('avc1') || mime.includes('mp4a');

for (const [name, tracks, chosen, unsupported] of [
  ['both', [h264, aac], [h264, aac], []],
  ['sound first', [aac, h264], [h264, aac], []],
  ['the first that plays', [h265, h264, ac4, aac], [h264, aac], []],
  ['a picture without its sound', [h264, ac4], [h264], [ac4]],
  ['no sound without its picture', [h265, aac], [], [h265]],
  ['nothing plays', [h265, ac4], [], [h265, ac4]],
  ['sound alone', [aac], [aac], []],
  ['text is not looked at', [h264, { number: 5, kind: 'text', codec: 'wvtt' }], [h264], []],
]) {
  test(`choice: ${name}`, () => assert.deepEqual(chooseTracks(tracks, supports), { tracks: chosen, unsupported }));
}

test('a MIME type', () => assert.equal(mimeType(aac), 'audio/mp4; codecs="mp4a.40.2"'));
