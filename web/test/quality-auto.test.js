import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QualityAuto } from '../quality-auto.js';
import { DeliveryMeter } from '../quality-meter.js';
import { FakeNetwork } from './fake-network.js';

const RATES = { 1: 2_800_000, 2: 1_400_000, 3: 400_000 };
const rungs = [
  { id: 3, label: '240p', width: 426, height: 240, bitrate: RATES[3] },
  { id: 2, label: '480p', width: 854, height: 480, bitrate: RATES[2] },
  { id: 1, label: '720p', width: 1280, height: 720, bitrate: RATES[1] },
];

/** A viewer of a ladder, who lets QualityAuto choose. */
class Viewer {
  /** Where it went, as "12 s 240p". */
  log = [];
  facts = { idle: false, limit: null, dropped: 0, decoded: 0, target: 0.08 };
  #auto = new QualityAuto();
  #meter = new DeliveryMeter();
  #current;
  #pending = null;

  constructor({ track = 1, jitter, rates = RATES } = {}) {
    this.network = new FakeNetwork(rates, track, jitter);
  }

  /** What is on the screen. */
  get label() {
    return rungs.find(({ id }) => id === this.#current)?.label;
  }

  run(seconds) {
    this.network.run(seconds, (chunk) => this.#chunk(chunk));
    return this.label;
  }

  #chunk({ time, track, skipped }) {
    const { now, received, stalls } = this.network;
    if (track !== this.#current) {
      this.#current = track;
      this.#pending = null;
      this.#auto.began(now);
      this.log.push(`${Math.round(now / 1000)} s ${this.label}`);
    }
    this.#meter.arrived(now, time, received);
    const to = this.#auto.decide({
      ...this.facts, now, rungs, current: this.#current, pending: this.#pending, meter: this.#meter, skipped, stalls,
    });
    if (to === null) return;
    this.#pending = to === this.#current ? null : to;
    this.network.select(to);
  }
}

/** A generator of numbers from 0 to 1 that are the same each time. */
function dice(seed) {
  let x = seed;
  return () => (x = (x * 16807) % 2147483647) / 2147483647;
}

test('a line that carries everything: it stays at the best, and comes there from below', () => {
  const best = new Viewer();
  assert.equal(best.run(120), '720p');
  assert.deepEqual(best.log, ['0 s 720p']);
  const viewer = new Viewer({ track: 3 });
  viewer.network.capacity = 50e6;
  assert.equal(viewer.run(25), '720p');
  assert.equal(viewer.network.stalls, 0);
});

test('a line that becomes narrow: down within 4 s, up again when it is wide, within 40 s', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 20e6;
  viewer.run(30);
  viewer.network.capacity = 700_000;
  viewer.run(4.5);
  assert.equal(viewer.label, '240p', viewer.log.join());
  viewer.run(40);
  assert.equal(viewer.label, '240p');
  const { stalls } = viewer.network;
  viewer.run(60);
  assert.equal(viewer.network.stalls - stalls, 0, 'quiet once it is down');
  viewer.network.capacity = 20e6;
  assert.equal(viewer.run(40), '720p', viewer.log.join());
});

test('it goes as far down as the line wants, not further', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 20e6;
  viewer.run(20);
  viewer.network.capacity = 2_000_000;
  assert.equal(viewer.run(15), '480p', viewer.log.join());
});

for (const capacity of [500e3, 1e6, 1.5e6, 1.7e6, 2e6, 2.5e6, 2.9e6, 3.2e6, 4e6]) {
  test(`bounded changes in 10 minutes at ${capacity / 1e6} Mbit/s`, () => {
    const viewer = new Viewer();
    viewer.network.capacity = capacity;
    viewer.run(600);
    assert.ok(viewer.log.length <= 14, `${viewer.log.length}: ${viewer.log.join()}`);
    assert.ok(viewer.network.frozen < 25_000, `frozen for ${viewer.network.frozen} ms: ${viewer.log.join()}`);
    const late = viewer.log.filter((line) => Number.parseInt(line, 10) > 300);
    assert.ok(late.length <= 5, `still after 5 minutes: ${late.join()}`);
  });
}

test('jitter alone changes nothing, and does not keep it down for ever', () => {
  for (const ms of [80, 200]) {
    const random = dice(ms);
    const jitter = () => ms * random();
    const best = new Viewer({ jitter });
    best.network.capacity = 20e6;
    best.run(120);
    assert.deepEqual(best.log, ['0 s 720p'], `${ms} ms`);
    const low = new Viewer({ track: 3, jitter });
    low.network.capacity = 20e6;
    assert.equal(low.run(180), '720p', `${ms} ms: ${low.log.join()}`);
  }
});

test('an outage is no reason to go down', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 20e6;
  viewer.run(20);
  viewer.network.capacity = 0;
  viewer.run(1.5);
  viewer.network.capacity = 20e6;
  viewer.run(20);
  assert.deepEqual(viewer.log, ['0 s 720p']);
});

test('a way that becomes longer is no reason to go down', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 20e6;
  viewer.run(20);
  viewer.network.delay = 700;
  viewer.run(60);
  assert.ok(viewer.log.length <= 3, viewer.log.join());
  assert.equal(viewer.label, '720p');
});

test('no higher than its place, and back when that grows', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 50e6;
  viewer.facts.limit = 400;
  viewer.run(10);
  assert.deepEqual([viewer.label, viewer.log.length], ['480p', 2]);
  viewer.run(120);
  assert.equal(viewer.log.length, 2);
  viewer.facts.limit = 1080;
  assert.equal(viewer.run(20), '720p');
});

test('a moment as a small picture changes nothing', () => {
  const viewer = new Viewer();
  viewer.run(10);
  viewer.facts.limit = 100;
  viewer.run(2);
  viewer.facts.limit = 1080;
  viewer.run(10);
  assert.equal(viewer.log.length, 1);
});

test('nobody looks: it does not go up, but down', () => {
  const viewer = new Viewer({ track: 2 });
  viewer.network.capacity = 50e6;
  viewer.facts.idle = true;
  viewer.run(60);
  assert.deepEqual(viewer.log, ['0 s 480p']);
  viewer.network.capacity = 600_000;
  assert.equal(viewer.run(20), '240p');
  viewer.network.capacity = 50e6;
  viewer.facts.idle = false;
  assert.equal(viewer.run(60), '720p');
});

test('a browser that drops frames gets a smaller picture, and is left alone for longer each time', () => {
  const viewer = new Viewer();
  viewer.network.capacity = 50e6;
  for (let second = 0; second < 600; second++) {
    viewer.facts.decoded += 30;
    if (viewer.label === '720p') viewer.facts.dropped += 12;
    viewer.run(1);
  }
  assert.equal(viewer.log[1].slice(-4), '480p');
  assert.ok(viewer.log.length <= 12, viewer.log.join());
  assert.ok(!viewer.log.some((line) => line.endsWith('240p')), viewer.log.join());
});

test('what has been asked for and does not come is taken back', () => {
  const auto = new QualityAuto();
  const meter = new DeliveryMeter();
  const asked = [];
  for (let frame = 0; frame < 30 * 60; frame++) {
    meter.arrived(frame * 33.3, frame / 30, frame * 2000);
    const pending = asked.at(-1) && asked.at(-1) !== 3 ? asked.at(-1) : null;
    const to = auto.decide({
      now: frame * 33.3, rungs, current: 3, pending, meter, skipped: false, stalls: 0, idle: false, limit: null, dropped: 0, decoded: 0, target: 0.08,
    });
    if (to !== null) asked.push(to);
  }
  assert.deepEqual(asked.slice(0, 2), [2, 3]);
  assert.ok(asked.length <= 4, asked.join());
});
