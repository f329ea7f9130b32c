import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capture, completeVideo, suitableBitrate } from '../publish-capture.js';
import { PublishError, describeProblem } from '../publish-states.js';
import { findObstacle } from '../publish-support.js';

/** Devices that note what they are asked for. */
function makeDevices(fail = {}) {
  const asked = [];
  const tracks = [];
  const answer = (method) => async (constraints) => {
    asked.push([method, constraints]);
    if (fail[method]) throw Object.assign(new Error('why'), { name: fail[method] });
    const made = { stopped: false, stop: () => (made.stopped = true) };
    tracks.push(made);
    const stream = { tracks: [made], getTracks: () => stream.tracks, addTrack: (track) => stream.tracks.push(track) };
    return stream;
  };
  return { asked, tracks, getUserMedia: answer('getUserMedia'), getDisplayMedia: answer('getDisplayMedia') };
}

test('a camera and a microphone are asked for together', async () => {
  const devices = makeDevices();
  await capture({ deviceId: 'cam', width: 640, height: 360 }, { processing: false }, devices);
  assert.deepEqual(devices.asked, [
    [
      'getUserMedia',
      {
        video: { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30 }, deviceId: { exact: 'cam' } },
        audio: { channelCount: { ideal: 2, max: 2 }, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      },
    ],
  ]);
});

test('a screen is asked for first, then the microphone', async () => {
  const devices = makeDevices();
  const stream = await capture({ deviceId: 'screen' }, {}, devices);
  assert.deepEqual(devices.asked.map(([method]) => method), ['getDisplayMedia', 'getUserMedia']);
  assert.deepEqual(devices.asked[0][1].video, { width: { max: 1280 }, height: { max: 720 }, frameRate: { max: 30 } });
  assert.equal(stream.getTracks().length, 2);
});

test('a screen is given back where the microphone cannot be had', async () => {
  const devices = makeDevices({ getUserMedia: 'NotAllowedError' });
  await assert.rejects(capture({ deviceId: 'screen' }, {}, devices), { reason: 'denied', device: 'microphone' });
  assert.equal(devices.tracks[0].stopped, true);
});

for (const [name, video, audio, reason, device] of [
  ['NotAllowedError', {}, {}, 'denied', 'camera'],
  ['NotAllowedError', false, {}, 'denied', 'microphone'],
  ['NotFoundError', {}, false, 'no-device', 'camera'],
  ['OverconstrainedError', {}, false, 'no-device', 'camera'],
  ['NotReadableError', {}, {}, 'busy', 'camera'],
  ['TypeError', {}, {}, 'failed', 'camera'],
]) {
  test(`${name} of a ${device}: ${reason}`, async () => {
    await assert.rejects(capture(video, audio, makeDevices({ getUserMedia: name })), { reason, device });
  });
}

test('a browser that cannot', async () => {
  await assert.rejects(capture({}, {}, undefined), { reason: 'insecure' });
  await assert.rejects(capture({ deviceId: 'screen' }, {}, { getUserMedia() {} }), { reason: 'no-screen' });
});

test('what is left out is filled in', () => {
  assert.deepEqual(completeVideo({ width: 640, height: 360 }), {
    deviceId: '', width: 640, height: 360, frameRate: 30, bitrate: suitableBitrate(640, 360, 30), codec: 'auto',
  });
  for (const [width, height, low, high] of [[640, 360, 5e5, 1e6], [1280, 720, 1.5e6, 2.5e6], [1920, 1080, 3e6, 5e6]]) {
    const bitrate = suitableBitrate(width, height, 30);
    assert.ok(bitrate >= low && bitrate <= high, `${bitrate} for ${width}x${height}`);
  }
});

test('every reason has its words', () => {
  const say = (reason, device = 'camera', detail = 'why') => describeProblem({ state: 'failed', reason, device, detail });
  assert.match(say('denied', 'microphone'), /the microphone\. Allow/);
  assert.match(say('ended', 'screen'), /not shared any more/);
  assert.match(say('refused'), /\(why\)/);
  assert.match(new PublishError('insecure').message, /HTTPS/);
  for (const reason of ['insecure', 'unsupported', 'no-screen', 'denied', 'no-device', 'busy', 'ended', 'taken', 'taken-over', 'codec', 'encoder', 'refused', 'failed']) {
    assert.match(say(reason), /^[A-Z].*[.)]$/);
    assert.doesNotMatch(say(reason), /[{}]/);
  }
  assert.equal(describeProblem({ state: 'live' }), '');
  assert.match(describeProblem({ state: 'connecting', unreachable: true }), /does not answer/);
});

test('obstacles', () => {
  const able = { isSecureContext: true, MediaStreamTrackProcessor: 1 };
  for (const name of ['VideoEncoder', 'AudioEncoder', 'VideoFrame', 'AudioData', 'OffscreenCanvas', 'WebSocket']) able[name] = 1;
  assert.equal(findObstacle(able), null);
  const { MediaStreamTrackProcessor, ...without } = able;
  assert.equal(findObstacle(without).reason, 'unsupported');
  assert.equal(findObstacle({ ...without, HTMLVideoElement: { prototype: { requestVideoFrameCallback() {} } } }), null);
  assert.equal(findObstacle({ isSecureContext: false }).reason, 'insecure');
  assert.equal(findObstacle({ isSecureContext: true }).reason, 'unsupported');
});
