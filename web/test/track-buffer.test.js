import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { TrackBuffer } from '../track-buffer.js';
import { chunk as mp4, init, visualEntry } from './codec-bytes.js';
import { FakeSourceBuffer, timeRanges } from './fake-buffer.js';

const AVC = 'video/mp4; codecs="avc1.4D401E"';
const VP9 = 'video/mp4; codecs="vp09.00.10.08"';

let source;
let track;
let events;
let playhead;

beforeEach(() => {
  source = new FakeSourceBuffer();
  events = [];
  playhead = 0;
  track = new TrackBuffer(AVC, {
    playhead: () => playhead,
    onchange: () => events.push('change'),
    ondrop: () => events.push('drop'),
    onfull: () => events.push('full'),
    onerror: (error) => events.push(`error ${error.name} ${error.message}`),
  });
});

/** Queues a chunk of one byte which tells it from the others. */
function chunk(byte, { time = byte / 30, offset = 0, first = false, size = 1 } = {}) {
  track.append(new Uint8Array(size).fill(byte), { time, offset, first });
}

function finishAll() {
  while (source.updating) source.finish();
}

test('what comes before attach waits', () => {
  track.appendInit(Uint8Array.of(9), AVC);
  chunk(1);
  assert.deepEqual(source.log, []);
  assert.equal(track.isIdle, false);
  track.attach(source);
  finishAll();
  assert.deepEqual(source.log, ['append 9', 'append 1']);
  assert.equal(track.isIdle, true);
  assert.deepEqual(events, ['change', 'change']);
});

test('one operation at a time, and all that waits in the next one', () => {
  track.attach(source);
  for (const byte of [1, 2, 3, 4]) chunk(byte);
  assert.deepEqual(source.log, ['append 1']);
  finishAll();
  assert.deepEqual(source.log, ['append 1', 'append 2,3,4']);
});

test('many chunks go in as one, few as they are', () => {
  const samples = [{ size: 4, duration: 512, flags: 0 }];
  const many = (count) => {
    for (let i = 0; i < count; i++) track.append(mp4({ time: i * 512, samples }), { time: i / 30, offset: 0, first: i === 0 });
    finishAll();
    const moofs = source.log.at(-1).split('109,111,111,102').length - 1;
    source.log = [];
    return moofs;
  };
  track.appendInit(init(visualEntry('avc1', 4, 4)), AVC);
  track.attach(source);
  assert.equal(many(40), 1);
  assert.equal(many(4), 3, 'the first one goes in at once');
  track.appendInit(Uint8Array.of(9), AVC);
  assert.equal(many(40), 40, 'of these nothing is known');
});

test('an append has at most 4 MiB, a single chunk may have more', () => {
  track.attach(source);
  chunk(1);
  chunk(2, { size: 5 << 20 });
  chunk(3, { size: 3 << 20 });
  chunk(4, { size: 3 << 20 });
  const sizes = [];
  source.appendBuffer = (data) => {
    sizes.push(data.length);
    source.updating = true;
  };
  finishAll();
  assert.deepEqual(sizes, [5 << 20, 3 << 20, 3 << 20]);
});

test('an init segment is an append of its own; changeType comes only with another type', () => {
  track.attach(source);
  chunk(1);
  chunk(2);
  track.appendInit(Uint8Array.of(8), AVC);
  chunk(3);
  track.appendInit(Uint8Array.of(9), VP9);
  assert.equal(track.mime, VP9);
  chunk(4);
  finishAll();
  assert.deepEqual(source.log, ['append 1', 'append 2', 'append 8', 'append 3', `type ${VP9}`, 'append 9', 'append 4']);
});

test('the offset changes between appends', () => {
  track.attach(source);
  chunk(1);
  chunk(2);
  chunk(3, { offset: 60 });
  chunk(4, { offset: 60 });
  finishAll();
  assert.deepEqual(source.log, ['append 1', 'append 2', 'offset 60', 'append 3,4']);
});

test('more than 20 s waiting: only the newest group is kept, and the init segments', () => {
  chunk(1, { time: 10, first: true });
  track.appendInit(Uint8Array.of(9), AVC);
  chunk(2, { time: 20, first: true });
  chunk(3, { time: 29.9 });
  chunk(4, { time: 30, first: true });
  chunk(5, { time: 30.1 });
  track.attach(source);
  finishAll();
  assert.deepEqual(source.log, ['append 9', 'append 4,5']);
  assert.deepEqual(events.filter((event) => event === 'drop'), []);
});

test('a group longer than 20 s is not given up', () => {
  for (let byte = 0; byte < 100; byte++) chunk(byte, { time: byte, first: byte === 0 });
  track.attach(source);
  finishAll();
  assert.equal(source.log.length, 1);
});

test('more than 32 MiB waiting: all is dropped but the init segment', () => {
  track.appendInit(Uint8Array.of(9), AVC);
  for (let byte = 1; byte <= 4; byte++) chunk(byte, { size: 8 << 20, time: 1 });
  assert.deepEqual(events, ['drop']);
  track.attach(source);
  finishAll();
  assert.deepEqual(source.log, ['append 9']);
});

test('what was played is removed, in large pieces', () => {
  track.attach(source);
  source.pairs = [[100, 130]];
  playhead = 124;
  chunk(1);
  assert.deepEqual(source.log, ['append 1'], '24 s behind the playhead are left alone');
  source.finish();
  playhead = 126;
  chunk(2);
  assert.deepEqual(source.log.slice(1), ['remove 0-106']);
  finishAll();
  assert.deepEqual(source.log.slice(2), ['append 2']);
  assert.deepEqual(track.ranges, [{ start: 106, end: 130 }]);
});

test('what lies ahead of a paused playhead is bounded too', () => {
  track.attach(source);
  source.pairs = [[0, 200]];
  chunk(1);
  assert.deepEqual(source.log, ['remove 0-60']);
});

test('no room: what can be spared is removed, and the append tried again', () => {
  track.attach(source);
  source.pairs = [[100, 112]];
  playhead = 110;
  source.refuse = new DOMException('full', 'QuotaExceededError');
  chunk(1);
  assert.deepEqual(source.log, ['remove 0-108']);
  finishAll();
  assert.deepEqual(source.log, ['remove 0-108', 'append 1']);
  assert.deepEqual(events.filter((event) => event.startsWith('error')), []);
});

test('no room after that: it tries again while 2 s of media come, then it fails', () => {
  track.attach(source);
  source.pairs = [[100, 112]];
  playhead = 110;
  for (let i = 0; i <= 21; i++) {
    source.refuse = new DOMException('full', 'QuotaExceededError');
    chunk(i, { time: 112 + i / 10 });
    if (source.updating) {
      source.refuse = new DOMException('full', 'QuotaExceededError');
      finishAll();
    }
    assert.equal(events.includes('error QuotaExceededError full'), i === 21, `chunk ${i}`);
  }
  assert.deepEqual(source.log, ['remove 0-108']);
  assert.equal(events.filter((event) => event === 'full').length, 1);
});

test('no room, and nothing to spare until the playhead has moved', () => {
  track.attach(source);
  source.pairs = [[100, 112]];
  playhead = 100;
  source.refuse = new DOMException('full', 'QuotaExceededError');
  chunk(1, { time: 112 });
  playhead = 103;
  source.refuse = new DOMException('full', 'QuotaExceededError');
  chunk(2, { time: 112.1 });
  finishAll();
  assert.deepEqual(source.log, ['remove 0-101', 'append 1,2']);
});

test('room is made again the next time', () => {
  track.attach(source);
  for (playhead of [110, 210]) {
    source.pairs = [[playhead - 4, playhead + 1]];
    source.refuse = new DOMException('full', 'QuotaExceededError');
    chunk(1);
    finishAll();
  }
  assert.deepEqual(source.log, ['remove 0-108', 'append 1', 'remove 0-208', 'append 1']);
});

test('a SourceBuffer that fails is reported once, and left alone', () => {
  track.attach(source);
  chunk(1);
  chunk(2);
  source.fail();
  chunk(3);
  assert.deepEqual(events, ['error Error the browser could not read the media']);
  assert.deepEqual(source.log, ['append 1']);
});

test('a SourceBuffer that was taken away is reported', () => {
  track.attach(source);
  source.refuse = new DOMException('removed', 'InvalidStateError');
  chunk(1);
  assert.deepEqual(events, ['error InvalidStateError removed']);
});

test('paused, it waits', () => {
  track.attach(source);
  track.setPaused(true);
  chunk(1);
  chunk(2);
  assert.deepEqual(source.log, []);
  track.setPaused(false);
  finishAll();
  assert.deepEqual(source.log, ['append 1,2']);
});

test('closed, it does nothing', () => {
  track.attach(source);
  chunk(1);
  track.close();
  chunk(2);
  source.finish();
  assert.deepEqual(source.log, ['append 1']);
  assert.deepEqual(events, []);
});

test('what the browser takes away at the end: only a chunk that begins a group can follow', () => {
  track.attach(source);
  const takeAway = (removed, left) => {
    source.pairs = left;
    source.dispatchEvent(Object.assign(new Event('bufferedchange'), { removedRanges: timeRanges(removed) }));
  };
  takeAway([[0, 5]], [[5, 12]]);
  assert.deepEqual(events.filter((event) => event === 'drop'), []);
  takeAway([[8, 12]], [[5, 8]]);
  assert.deepEqual(events.filter((event) => event === 'drop'), ['drop']);
});

test('paused, only the newest group is kept, with what it needs: it goes on at the live edge', () => {
  track.attach(source);
  track.setPaused(true);
  track.appendInit(Uint8Array.of(9), AVC);
  for (const byte of [1, 2, 3, 4, 5, 6]) chunk(byte, { first: byte % 2 === 1 });
  assert.equal(track.waiting, 3);
  track.setPaused(false);
  finishAll();
  assert.deepEqual(source.log, ['append 9', 'append 5,6']);
  assert.deepEqual(events.filter((event) => event === 'drop'), [], 'what follows can follow');
});
