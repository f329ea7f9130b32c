import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Intake } from '../intake.js';
import { MessageError, parseMessage } from '../message.js';
import { formatPosition } from '../position.js';
import { box, concat, initBytes, initMessage, message } from './bytes.js';
import { FakeClock } from './fake-clock.js';

const video = { number: 1, kind: 'video', codec: 'avc1.4D401E', width: 640, height: 360 };
const audio = { number: 2, kind: 'audio', codec: 'mp4a.40.2' };

let clock;
let intake;

beforeEach(() => {
  clock = new FakeClock();
  intake = new Intake((mime) => !mime.includes('vp9'), clock.now);
});

const init = (info, fields) => intake.addInit(parseMessage(initMessage(info, { track: info.number, ...fields })));

/** A chunk, as in "1 7.2.0": track and position; the first of a group has no number behind it. */
function take(text, fields = {}) {
  const [track, position] = text.split(' ');
  const [epoch, group, chunk] = position.split('.').map(Number);
  const flags = chunk === 0 ? 3 : 0;
  return intake.take(parseMessage(message({ track: Number(track), epoch, group, chunk, flags, time: group * 2e6 + chunk * 1e5, ...fields })));
}

const after = () => [...intake.after].map(([track, position]) => `${track}:${formatPosition(position)}`).join(',');

function begin(...infos) {
  for (const info of infos) init(info);
  return intake.start(intake.choose().tracks);
}

test('it goes on after the last chunk of each track that has one', () => {
  begin(video, audio);
  assert.equal(after(), '');
  take('1 7.2.0');
  assert.equal(after(), '1:7.2.0');
  for (const chunk of ['1 7.2.1', '2 7.2.0', '1 7.2.1', '1 7.2.5', '3 7.2.0']) take(chunk);
  assert.equal(after(), '1:7.2.1,2:7.2.0', 'not what is dropped');
});

test('the three outcomes of a resume: exact, skip, restart', () => {
  begin(video);
  for (const chunk of ['1 7.2.0', '1 7.2.1']) take(chunk);
  init(video);
  assert.deepEqual(['1 7.2.1', '1 7.2.2'].map((chunk) => take(chunk)), ['drop', 'play']);
  assert.equal(intake.counts.gaps, 0);
  intake.miss({ track: 1, to: { epoch: 7, group: 5, chunk: 0 } });
  assert.deepEqual(['1 7.5.0', '1 7.5.1'].map((chunk) => take(chunk)), ['play', 'play']);
  assert.equal(intake.counts.gaps, 1);
  assert.deepEqual(['1 8.0.0', '1 7.5.2', '1 8.0.1'].map((chunk) => take(chunk)), ['play', 'drop', 'play']);
});

test('the same init segment again is nothing new', () => {
  begin(video);
  take('1 7.0.0');
  assert.equal(init({ ...video }, { epoch: 8 }), false);
  take('1 8.0.0');
  assert.equal(intake.takeInit(1), null);
});

test('another init segment is in force from the first chunk that needs it', () => {
  begin(video);
  take('1 7.0.0');
  const large = { ...video, width: 1280, height: 720 };
  init(large, { epoch: 8 });
  take('1 8.0.0');
  assert.deepEqual(intake.takeInit(1).info, large);
  assert.equal(intake.takeInit(1), null, 'once');
  // A second connection, which resumes further back, brings both again.
  init(video);
  assert.equal(take('1 7.0.0'), 'drop');
  init(large, { epoch: 8 });
  assert.equal(take('1 8.0.1'), 'play');
  assert.equal(intake.takeInit(1), null);
  assert.deepEqual(intake.tracks, [large]);
});

test('an epoch goes on behind the one before, wherever its own time begins', () => {
  begin(video);
  const at = (text, time) => {
    take(text, { time });
    const [epoch, group, chunk] = text.slice(2).split('.').map(Number);
    return intake.place(parseMessage(message({ epoch, group, chunk, flags: chunk ? 0 : 3, time }))).time;
  };
  assert.equal(at('1 7.0.0', 50e6), 50);
  assert.equal(at('1 7.0.1', 50.1e6), 50.1);
  assert.ok(Math.abs(at('1 8.0.0', 0) - 50.2) < 0.11);
});

test('a track that is to be played besides, begins all anew', () => {
  begin(video);
  assert.equal(init({ ...audio, codec: 'vp9' }), false, 'nobody can play it');
  assert.equal(init(audio), true);
});

test('what comes is only what was here: after a while begin anew', () => {
  begin(video);
  take('1 7.2.0');
  clock.advance(10_000);
  assert.equal(take('1 6.0.0'), 'drop');
  clock.advance(1);
  assert.equal(take('1 6.0.0'), 'rebuild');
});

test('a connection that brings nothing new for long is followed by one that asks what there is', () => {
  begin(video);
  take('1 7.2.0');
  clock.advance(60_000);
  intake.connected();
  clock.advance(9_000);
  intake.disconnected();
  assert.equal(after(), '1:7.2.0', 'an outage says nothing');
  intake.connected();
  clock.advance(15_000);
  intake.disconnected();
  assert.equal(after(), '');
  intake.connected();
  take('1 7.2.1');
  assert.equal(after(), '1:7.2.1');
});

test('the sound stops, and is heard again', () => {
  begin(video, audio);
  take('1 7.0.0');
  take('2 7.0.0');
  clock.advance(999);
  take('1 7.0.1');
  assert.equal(intake.giveUpSound(), false);
  clock.advance(1);
  for (let chunk = 2; chunk < 10; chunk++) take(`1 7.0.${chunk}`);
  assert.equal(intake.giveUpSound(), false, 'the picture comes first after an outage');
  take('1 7.0.10');
  assert.equal(intake.giveUpSound(), true);
  intake.forget();
  assert.equal(intake.after.size, 0);
  assert.deepEqual(begin(video, audio).map((each) => each.track), [1]);
  assert.equal(intake.selection, null, 'it stays asked for');
  take('1 7.0.0');
  assert.equal(take('2 7.0.0'), 'drop', 'the new connection brings the last of it again');
  take('1 7.1.0');
  assert.equal(take('2 7.0.1'), 'drop', 'that is old');
  assert.equal(take('2 6.1.0'), 'drop', 'that is of another epoch');
  assert.equal(take('2 7.1.0'), 'sound');
  intake.forget();
  assert.deepEqual(begin(video, audio).map((each) => each.track), [1, 2]);
});

test('sound that has never come is given up too', () => {
  begin(video, audio);
  clock.advance(1_000);
  take('1 7.0.0');
  assert.equal(intake.giveUpSound(), true);
  intake.forget();
  begin(video, audio);
  take('1 7.0.0');
  assert.equal(take('2 7.0.0'), 'sound');
});

test('long chunks of sound are waited for', () => {
  begin(video, audio);
  for (const group of [0, 1, 2]) {
    take(`1 7.${group}.0`);
    take(`2 7.${group}.0`);
  }
  clock.advance(2_900);
  take('1 7.3.0');
  assert.equal(intake.giveUpSound(), false, 'chunks of 2 s');
  clock.advance(200);
  take('1 7.4.0');
  assert.equal(intake.giveUpSound(), true);
});

test('only what is played is asked for', () => {
  begin(video, audio, { ...video, number: 3 });
  assert.deepEqual(intake.selection, [1, 2]);
});

test('counts outlive a fresh start', () => {
  begin(video);
  for (const chunk of ['1 7.0.0', '1 7.0.0', '1 7.0.5']) take(chunk);
  intake.forget();
  begin(video);
  for (const chunk of ['1 7.0.0', '1 7.0.0']) take(chunk);
  assert.deepEqual(intake.counts, { gaps: 0, duplicates: 2, orphans: 1, refused: 0 });
});

test('init segments that make no sense, or are too many, are refused', () => {
  assert.throws(() => intake.addInit({ track: 1, info: video, payload: new Uint8Array(8) }), MessageError);
  for (let number = 1; number <= 64; number++) init({ ...video, number });
  assert.throws(() => init({ ...video, number: 65 }), MessageError);
  init({ ...video, number: 64 });
});

test('init segments are bounded together', () => {
  const payload = concat(initBytes, box('free', new Uint8Array(3 << 20)));
  for (const track of [1, 2, 2, 1]) intake.addInit({ track, info: { ...video, number: track }, payload });
  assert.throws(() => intake.addInit({ track: 3, info: { ...video, number: 3 }, payload }), MessageError);
  init({ ...video, number: 3 });
});

test('another rendition takes over with its first group, and not before', () => {
  const small = { ...video, number: 3, height: 180, width: 320 };
  begin(video, audio, small);
  assert.deepEqual(intake.selection, [1, 2]);
  for (const chunk of ['1 7.2.0', '2 7.2.0', '1 7.2.1']) take(chunk);
  intake.switchTo(3);
  assert.deepEqual(['3 7.2.1', '1 7.2.2', '3 7.3.0', '1 7.2.3', '2 7.3.0', '3 7.3.1'].map((chunk) => take(chunk)), [
    'drop', 'play', 'play', 'drop', 'play', 'play',
  ]);
  assert.deepEqual(intake.takeInit(3)?.info.height, 180);
  assert.equal(intake.takeInit(3), null);
  assert.ok(intake.isLead(3) && intake.isChosen(3) && !intake.isChosen(1));
  assert.equal(after(), '2:7.3.0,3:7.3.1');
  assert.deepEqual(intake.selection, [2, 3]);
  assert.equal(intake.counts.orphans + intake.counts.gaps, 0);
  assert.ok(intake.duration > 0.09, 'what was known of the length of chunks');
});

test('a switch that is taken back, and one to what is not known', () => {
  begin(video, audio);
  for (const [to, chunk] of [[3, '3 7.2.0'], [null, '3 7.3.0'], [1, '1 7.3.0'], [2, '2 7.3.0']]) {
    intake.switchTo(to);
    take(chunk);
  }
  assert.equal(after(), '1:7.3.0,2:7.3.0');
});

test('the preferred rendition is played from the start where it is there', () => {
  const small = { ...video, number: 3 };
  intake.prefer(3);
  assert.deepEqual(begin(video, audio, small).map(({ track }) => track), [3, 2]);
  intake.forget();
  assert.deepEqual(begin(video, audio).map(({ track }) => track), [1, 2]);
});
