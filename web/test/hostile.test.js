import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChunk, checkInit } from '../boxes.js';
import { Intake } from '../intake.js';
import { MAX_CONTROL, MessageError, Type, parseControl, parseMessage } from '../message.js';
import { TrackBuffer } from '../track-buffer.js';
import { initMessage } from './bytes.js';
import { Fuzz } from './fuzz.js';

/** How many messages of each kind are tried. HOSTILE=1000000 tries more. */
const ROUNDS = Number(process.env.HOSTILE ?? 5_000);
/** How long they may take, in milliseconds: they take a tenth of that. */
const BOUND = 10_000 * Math.max(1, ROUNDS / 5_000);

/** Runs a function that may throw a MessageError and nothing else. */
function bearing(call, what) {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof MessageError)) assert.fail(`${what()}: ${error.stack}`);
    return null;
  }
}

const hex = (buffer) => Buffer.from(buffer).toString('hex');

test('whatever comes, a message can be read or is refused', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(1);
  let read = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const buffer = fuzz.below(4) ? fuzz.message() : fuzz.bytes(fuzz.below(200)).buffer;
    const segment = bearing(() => parseMessage(buffer), () => hex(buffer));
    if (!segment) continue;
    read++;
    assert.ok(segment.payload.length <= buffer.byteLength);
    for (const n of [segment.decodeTime, segment.wallClock]) assert.ok(Number.isSafeInteger(n) && n >= 0);
    if (segment.info) assert.match(segment.info.codec, /^[\w.-]{1,100}$/);
  }
  assert.ok(read > ROUNDS / 10 && read < ROUNDS, `${read} of ${ROUNDS} could be read`);
});

test('so does a control message', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(2);
  let read = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const text = fuzz.control();
    const control = bearing(() => parseControl(text), () => text);
    if (control?.type === 'goaway') assert.ok(control.delay >= 0 && control.delay <= 60_000, text);
    if (control) read++;
  }
  assert.ok(read > ROUNDS / 20, `${read} of ${ROUNDS} could be read`);
  assert.throws(() => parseControl(' '.repeat(MAX_CONTROL + 1)), MessageError);
});

test('boxes are looked at in bounded time', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(3);
  for (let i = 0; i < ROUNDS / 2; i++) {
    const bytes = new Uint8Array(fuzz.mutate(fuzz.boxes(2).buffer));
    for (const check of [checkInit, checkChunk]) assert.ok([null, 'string'].includes(check(bytes) && 'string'));
  }
  // Two million empty boxes.
  const many = new Uint8Array(16 << 20);
  for (let at = 0; at < many.length; at += 8) many.set([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], at);
  assert.match(checkChunk(many) ?? '', /no box/);
});

test('an intake lives through all of it, and keeps no more than it may', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(4);
  let now = 0;
  const intake = new Intake(() => true, () => now);
  let played = 0;
  for (let i = 0; i < ROUNDS; i++) {
    now += fuzz.below(50);
    if (!fuzz.below(500)) intake.forget();
    bearing(() => {
      const segment = parseMessage(fuzz.message());
      if (segment?.type === Type.init) intake.addInit(segment);
      if (segment?.type !== Type.chunk) return;
      if (!intake.tracks.length && !intake.isEmpty) intake.start(intake.choose().tracks);
      if (intake.take(segment) !== 'play') return;
      played++;
      intake.takeInit(segment.track);
      const place = intake.place(segment);
      assert.ok(place === null || (Number.isFinite(place.time) && Number.isFinite(place.offset)));
      const gap = parseControl(JSON.stringify({ type: 'gap', track: fuzz.value(0), from: '0.0.0', to: '4294967295.1.1' }));
      if (gap?.type === 'gap') intake.miss(gap);
    }, () => `message ${i}`);
    assert.ok(intake.tracks.length <= 2 && intake.after.size <= 2);
    assert.ok(intake.burst >= 0 && intake.burst <= 40);
  }
  assert.ok(played > ROUNDS / 1_000, `${played} chunks were played`);
});

test('a codec string is nothing but one in a MIME type', () => {
  for (const codec of ['avc1.4D401E"; x="', 'a b', 'é', '', 'a'.repeat(101), 'a;b']) {
    assert.throws(() => parseMessage(initMessage({ number: 1, kind: 'video', codec })), MessageError, codec);
  }
});

test('what waits is bounded, whatever times the chunks claim', { timeout: BOUND }, () => {
  const fuzz = new Fuzz(5);
  let dropped = 0;
  const track = new TrackBuffer('video/mp4', { playhead: () => 0, onchange() {}, ondrop: () => dropped++, onfull() {}, onerror() {} });
  const data = new Uint8Array(1 << 20);
  for (let i = 0; i < 500; i++) {
    if (!fuzz.below(5)) track.appendInit(data, 'video/mp4');
    track.append(data, { time: fuzz.number() / (1 + fuzz.below(9)), offset: 0, first: fuzz.below(2) === 0 });
    assert.ok(track.waiting <= 33 << 20, `${track.waiting} bytes wait`);
  }
  assert.ok(dropped > 0);
});
