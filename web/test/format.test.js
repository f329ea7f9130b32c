import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecName, count, describeAudio, describeVideo, formatBitrate, formatDelay } from '../format.js';

const h264 = { number: 1, kind: 'video', codec: 'avc1.4D401E' };
const aac = { number: 3, kind: 'audio', codec: 'mp4a.40.2' };

test('words for people', () => {
  assert.equal(codecName('avc1.4D401E'), 'H.264');
  assert.equal(codecName('Opus'), 'Opus');
  assert.equal(codecName('constructor'), 'constructor');
  assert.equal(describeVideo({ ...h264, width: 640, height: 360, frameRate: 29.97 }), '640\u00a0×\u00a0360, 29.97\u00a0fps, H.264');
  assert.equal(describeVideo({ ...h264, codec: 'hvc1.1.6.L93.B0' }), 'H.265');
  assert.equal(describeAudio({ ...aac, channels: 2, sampleRate: 44_100 }), 'AAC, stereo, 44.1\u00a0kHz');
  assert.equal(describeAudio({ ...aac, channels: 6 }), 'AAC, 6 channels');
  assert.equal(formatBitrate(950_400), '950\u00a0kbit/s');
  assert.equal(formatBitrate(1_240_000), '1.2\u00a0Mbit/s');
  assert.equal(formatDelay(85.4), '85\u00a0ms');
  assert.equal(formatDelay(1_240), '1.2\u00a0s');
  assert.equal(count(1, 'viewer'), '1 viewer');
  assert.equal(count(0, 'viewer'), '0 viewers');
});
