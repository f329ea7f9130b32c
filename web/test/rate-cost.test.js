import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { RateCost } from '../rate-cost.js';
import { FakeClock } from './fake-clock.js';
import { FakeVideo } from './fake-video.js';

let video;
let clock;
let cost;

beforeEach(async () => {
  video = new FakeVideo();
  clock = new FakeClock();
  cost = new RateCost(video, clock);
  await video.play();
});

/** Sets another rate. */
function set(rate) {
  cost.begin();
  video.playbackRate = rate;
}

/** Plays for some milliseconds, of which playback stands still for so many. */
function play(ms, halted = 0) {
  for (let passed = 0; passed < ms; passed += 10) {
    clock.advance(10);
    if (passed >= halted) video.move((video.playbackRate * 10) / 1000);
    cost.watch();
  }
}

/** Changes the rate so many times, each of which halts playback for some milliseconds. */
function change(times, halted) {
  for (let i = 0; i < times; i++) {
    set(i % 2 ? 1 : 1.1);
    play(500, halted(i));
  }
}

test('what a browser does in passing costs nothing, though its position is told in steps', () => {
  change(100, (i) => (i % 3) * 20);
  assert.equal(cost.isHigh, false);
});

test('a browser that halts each time is found out after a few changes', () => {
  change(6, (i) => [40, 130, 50, 90, 110, 90][i]);
  assert.equal(cost.isHigh, true);
});

test('one halt, however long, may come from elsewhere', () => {
  change(4, (i) => (i === 1 ? 400 : 0));
  assert.equal(cost.isHigh, false);
});

test('what halts for another reason does not count', () => {
  for (let i = 0; i < 20; i++) {
    set(i % 2 ? 1 : 1.1);
    clock.advance(100);
    cost.forget();
    play(400);
    set(i % 2 ? 1.05 : 1.02);
    video.pause();
    play(400, 400);
    void video.play();
  }
  assert.equal(cost.isHigh, false);
});
