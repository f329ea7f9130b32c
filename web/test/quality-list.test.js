import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listQualities, rateOf } from '../quality-list.js';
import { findWished, parseWish } from '../quality-wish.js';

const track = (number, height, more) => ({ number, kind: 'video', codec: 'avc1.4D401E', height, width: (height * 16) / 9, ...more });
const supports = (mime) => mime.startsWith('video/mp4; codecs="avc1') || mime.startsWith('video/mp4; codecs="vp09');

for (const [name, tracks, labels] of [
  ['the best one first', [track(1, 240), track(2, 1080), track(3, 720)], ['2 1080p', '3 720p', '1 240p']],
  ['two frame rates', [track(1, 720, { frameRate: 29.97 }), track(2, 720, { frameRate: 60 })], ['2 720p 60 fps', '1 720p 30 fps']],
  ['two bit rates', [track(1, 720, { bitrate: 1_500_000 }), track(2, 720, { bitrate: 12e6 })], ['2 720p 12 Mbit/s', '1 720p 1.5 Mbit/s']],
  ['two codecs', [track(1, 720), track(2, 720, { codec: 'vp09.00.10.08' })], ['1 720p avc1', '2 720p vp09']],
  ['no size', [track(7, undefined)], ['7 Track 7']],
  ['not what cannot be played', [track(1, 720, { codec: 'hvc1.1' }), track(2, 360)], ['2 360p']],
  ['no sound', [{ number: 1, kind: 'audio', codec: 'avc1' }], []],
]) {
  test(`list: ${name}`, () => {
    assert.deepEqual(listQualities(tracks, supports).map(({ id, label }) => `${id} ${label}`), labels);
  });
}

test('the bit rate, or a guess at it', () => {
  assert.equal(rateOf({ bitrate: 5 }), 5);
  assert.ok(rateOf({ width: 1280, height: 720, frameRate: 60 }) > rateOf({ width: 1280, height: 720 }));
  assert.ok(rateOf({}) > 0);
});

const ladder = listQualities([track(1, 720), track(2, 480), track(3, 240)], supports);

for (const [text, id] of [
  [null, null], ['auto', null], ['', null], ['best', null], ['max-480p', null], ['720p', 1], ['480p', 2], ['480', 2],
  ['700p', 2], ['1080p', 1], ['100p', 3],
]) {
  test(`wish: ${text}`, () => assert.equal(findWished(parseWish(text), ladder)?.id ?? null, id));
}

test('wish: a limit', () => assert.deepEqual(parseWish('max-480p'), { max: 480 }));

test('wish: the number of a rendition, also where it means another one now', () => {
  assert.equal(findWished({ id: 2, height: 480 }, ladder)?.id, 2);
  assert.equal(findWished({ id: 3, height: 480 }, ladder)?.id, 2);
  assert.equal(findWished({ id: 9 }, ladder), null);
  assert.equal(findWished({ id: 9, height: 480 }, []), null);
});
