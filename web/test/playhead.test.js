import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Playhead } from '../playhead.js';
import { FakeClock } from './fake-clock.js';
import { FakeVideo } from './fake-video.js';

const CHUNK = 0.04;

let video;
let clock;
let playhead;
let stuck;

beforeEach(() => {
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, pictureInPictureElement: null });
  video = new FakeVideo();
  clock = new FakeClock();
  stuck = 0;
  playhead = new Playhead(video, { onchange: () => {}, onstuck: () => stuck++ }, clock);
  playhead.setBurst(CHUNK);
});

/** Lets promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Starts with media from 10 to 12 s, and plays a little. */
async function start() {
  video.ranges = [[10, 12]];
  playhead.place();
  await settle();
  video.arrive();
  video.move(0.01);
  video.seeks = [];
}

/** Media comes, as time passes. */
function grow(seconds, moving = true) {
  for (let i = 0; i < Math.round(seconds / CHUNK); i++) {
    clock.advance(CHUNK * 1000);
    video.ranges.at(-1)[1] += CHUNK;
    if (moving) video.move(CHUNK * video.playbackRate);
    playhead.update();
  }
}

test('it begins near the live edge, never at zero', async () => {
  playhead.place();
  assert.equal(playhead.isPlaced, false);
  video.ranges = [[10, 12]];
  playhead.place();
  await settle();
  assert.deepEqual(video.seeks, [11.88]);
  assert.equal(video.paused, false);
});

test('a margin far back is gone to at once, a near one by the rate', async () => {
  await start();
  playhead.aim(0.2, 0);
  assert.deepEqual(video.seeks, []);
  playhead.aim(0.5, 0.5);
  assert.deepEqual(video.seeks, [11]);
  video.arrive();
  grow(1);
  playhead.aim(0.08, 0);
  grow(2);
  assert.equal(video.seeks.length, 2, 'one jump forward');
  assert.equal(playhead.stalls, 0);
});

test('a new margin moves nobody who has gone back or paused', async () => {
  await start();
  playhead.seekBy(-1);
  playhead.aim(0.5, 0.5);
  assert.equal(video.seeks.length, 1);
  video.pause();
  playhead.aim(0.5, 0.5);
  assert.equal(video.seeks.length, 1);
});

test('it does not begin before the media', () => {
  video.ranges = [[10, 10.05]];
  playhead.place();
  assert.deepEqual(video.seeks, [10]);
});

test('without leave for sound it begins muted, and says so until the sound is on', async () => {
  video.refusals = ['NotAllowedError'];
  await start();
  assert.equal(video.muted, true);
  assert.equal(video.paused, false);
  assert.equal(playhead.mutedByBrowser, true);
  video.muted = false;
  video.fire('volumechange');
  assert.equal(playhead.mutedByBrowser, false);
});

test('without leave at all it waits for the viewer', async () => {
  video.refusals = ['NotAllowedError', 'NotAllowedError'];
  await start();
  assert.equal(playhead.blocked, true);
  assert.equal(video.paused, true);
  playhead.goLive();
  await settle();
  assert.equal(playhead.blocked, false);
  assert.equal(video.paused, false);
});

test('near the live edge it stays, at the natural rate', async () => {
  await start();
  grow(10);
  assert.deepEqual(video.seeks, []);
  assert.ok(playhead.lag < 0.1, `lag = ${playhead.lag}`);
});

test('far behind it jumps once', async () => {
  await start();
  video.ranges = [[10, 15]];
  playhead.update();
  grow(2);
  assert.equal(video.seeks.length, 1);
  assert.ok(playhead.lag < 0.2, `lag = ${playhead.lag}`);
});

test('run dry: it goes on with the first new media, with sound by a seek', async () => {
  await start();
  playhead.hasAudio = true;
  video.move(0.11);
  video.fire('waiting');
  assert.equal(playhead.stalls, 1);
  playhead.update();
  assert.deepEqual(video.seeks, [], 'there is nothing new');
  video.ranges = [[10, 14]];
  playhead.filling = true;
  playhead.update();
  assert.deepEqual(video.seeks, [], 'more is coming');
  playhead.filling = false;
  playhead.update();
  assert.deepEqual(video.seeks, [13.84], 'near the new edge, with a larger margin');
});

test('after an outage it goes to the live edge once, when all that was held up has come, and keeps no more than before', async () => {
  await start();
  const { target } = playhead;
  grow(0.4);
  video.currentTime = video.ranges[0][1];
  video.seeks = [];
  video.seeking = false;
  video.move(0);
  video.dispatchEvent(new Event('waiting'));
  clock.advance(1500);
  const end = video.ranges[0][1];
  for (const come of [0.02, 0.5, 1]) {
    clock.advance(5);
    video.ranges[0][1] = end + come;
    playhead.update();
    assert.deepEqual(video.seeks, [], `${come} s have come`);
  }
  video.ranges[0][1] = end + 1.48;
  playhead.update();
  assert.deepEqual(video.seeks.map((to) => to.toFixed(2)), [(end + 1.48 - 0.12).toFixed(2)]);
  assert.equal(playhead.target, target);
  assert.deepEqual(playhead.recoveries, { dry: 1, nudge: 0 });
});

test('run dry for a second: it says so, and no longer when the picture moves', async () => {
  await start();
  video.fire('waiting');
  clock.advance(999);
  assert.equal(playhead.frozen, false);
  clock.advance(1);
  assert.equal(playhead.frozen, true);
  video.ranges = [[10, 12.5]];
  playhead.update();
  video.arrive();
  video.move(0.04);
  assert.equal(playhead.frozen, false);
});

test('waiting right after a seek is no stall', async () => {
  await start();
  playhead.goLive();
  video.arrive();
  video.fire('waiting');
  assert.equal(playhead.stalls, 0);
});

test('it is carried over a hole', async () => {
  await start();
  video.ranges = [[10, 12], [13, 14]];
  video.move(0.1);
  assert.deepEqual(video.seeks, [13.001]);
  assert.equal(playhead.holes, 1);
});

test('dry in front of a hole it does not wait for the last bit of media', async () => {
  await start();
  video.ranges = [[10, 12.1], [13, 14]];
  playhead.update();
  assert.deepEqual(video.seeks, []);
  video.fire('waiting');
  assert.deepEqual(video.seeks, [13.001]);
});

test('a seek that ended in a hole is led out of it', async () => {
  await start();
  video.currentTime = 12.5;
  video.ranges = [[10, 12], [13, 14]];
  playhead.update();
  assert.equal(video.seeks.at(-1), 13.001);
});

test('paused, it is left alone; it goes on where it was, or at the edge if that is near', async () => {
  await start();
  playhead.pause();
  grow(5, false);
  assert.deepEqual(video.seeks, []);
  assert.ok(playhead.lag > 4.5);
  playhead.play();
  await settle();
  assert.equal(playhead.isFollowing, false);
  grow(3);
  assert.deepEqual(video.seeks, [], 'the viewer is not chased');
  playhead.goLive();
  assert.equal(playhead.isFollowing, true);
  video.arrive();
  playhead.pause();
  grow(0.2, false);
  playhead.play();
  await settle();
  assert.equal(playhead.isFollowing, true);
});

test('it goes back and forth within what is buffered', async () => {
  await start();
  playhead.seekBy(-1);
  assert.equal(playhead.isFollowing, false);
  playhead.seekBy(-100);
  playhead.seekBy(100);
  assert.equal(playhead.isFollowing, true);
  assert.deepEqual(video.seeks, [10.89, 10, 11.88]);
});

test('who pauses in the small window of a hidden page means it', async () => {
  await start();
  document.hidden = true;
  // In the element the video is in a shadow root, of which the document sees but the host.
  video.getRootNode = () => ({ pictureInPictureElement: video });
  video.pause();
  document.hidden = false;
  playhead.shown();
  await settle();
  assert.equal(video.paused, true);
});

test('shown again, it is live, unless the viewer had paused', async () => {
  await start();
  document.hidden = true;
  video.pause();
  grow(30, false);
  document.hidden = false;
  playhead.shown();
  await settle();
  assert.equal(video.paused, false);
  assert.ok(playhead.lag < 0.1, `lag = ${playhead.lag}`);
  playhead.pause();
  grow(30, false);
  video.seeks = [];
  playhead.shown();
  await settle();
  assert.equal(video.paused, true);
  assert.deepEqual(video.seeks, []);
});

test('a frozen page pauses the picture, and the viewer did not', async () => {
  await start();
  document.dispatchEvent(new Event('freeze'));
  video.pause();
  grow(5, false);
  assert.equal(playhead.isFollowing, true);
  playhead.shown();
  await settle();
  assert.equal(video.paused, false);
  assert.ok(playhead.lag < 0.1, `lag = ${playhead.lag}`);
  video.pause();
  assert.equal(playhead.isFollowing, false, 'now the viewer did');
});

test('what was done is counted', async () => {
  await start();
  for (let i = 0; i < 3; i++) {
    grow(1.2, false);
    video.arrive();
  }
  assert.ok(playhead.recoveries.nudge >= 2, `nudges = ${playhead.recoveries.nudge}`);
});

test('a picture that stands although there is media is nudged, and then given up', async () => {
  await start();
  for (let i = 0; i < 3; i++) {
    grow(1.2, false);
    video.arrive();
  }
  assert.ok(video.seeks.length >= 3, `seeks = ${video.seeks}`);
  assert.equal(playhead.frozen, true);
  assert.equal(stuck, 0);
  grow(1.2, false);
  assert.equal(stuck, 1);
});

test('closed, it does not listen any more', async () => {
  await start();
  playhead.close();
  video.fire('waiting');
  grow(5);
  assert.deepEqual(video.seeks, []);
  assert.equal(clock.pending, 0);
});

test('the pitch is kept only where one would hear that it is not', async () => {
  await start();
  playhead.hasAudio = true;
  assert.equal(video.preservesPitch, false, 'at the natural speed there is nothing to keep');
  playhead.aim(0, 0);
  grow(0.56);
  assert.ok(video.playbackRate > 1.05, `rate = ${video.playbackRate}`);
  assert.equal(video.preservesPitch, true);
  video.muted = true;
  video.fire('volumechange');
  assert.equal(video.preservesPitch, false, 'nobody hears it');
  video.muted = false;
  video.fire('volumechange');
  assert.equal(video.preservesPitch, true);
  grow(10);
  assert.equal(video.playbackRate, 1);
  assert.equal(video.preservesPitch, false);
});

test('where each change of the rate halts playback, it keeps to the natural rate and moves by single jumps', async () => {
  await start();
  let halted = 0;
  let rate = 1;
  Object.defineProperty(video, 'playbackRate', {
    get: () => rate,
    set: (value) => {
      rate = value;
      halted = 0.1;
    },
  });
  video.ranges.at(-1)[1] += 0.15;
  const rates = [];
  for (let i = 0; i < 25 * 60; i++) {
    clock.advance(CHUNK * 1000);
    video.ranges.at(-1)[1] += CHUNK;
    if (video.seeking) {
      video.arrive();
      halted = 0.1;
    }
    const stands = Math.min(halted, CHUNK);
    halted -= stands;
    if (stands < CHUNK) video.move((CHUNK - stands) * rate);
    playhead.update();
    rates.push(rate);
  }
  assert.ok(new Set(rates.slice(0, 250)).size > 1, 'it has tried');
  assert.deepEqual([...new Set(rates.slice(-1000))], [1]);
  assert.ok(playhead.jumps <= 5, `${playhead.jumps} jumps`);
  assert.ok(playhead.ahead < 0.08 + 0.08 + 2 * CHUNK, `ahead = ${playhead.ahead}`);
  assert.equal(playhead.stalls, 0);
});
