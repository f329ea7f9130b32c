import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announce, badge, describe } from '../states.js';

const cases = [
  [{ state: 'idle' }, '', '', ''],
  [{ state: 'connecting' }, 'Connecting', '', ''],
  [{ state: 'connecting', cause: 'unreachable' }, 'Connecting', 'The server does not answer. Trying again.', ''],
  [{ state: 'connecting', cause: 'refused' }, 'Connecting', 'The server answers, but does not accept a live connection. Trying again.', ''],
  [{ state: 'live' }, '', '', 'Live'],
  [{ state: 'behind', behind: 12 }, '', '', 'Go live'],
  [{ state: 'stalled' }, 'Waiting for the stream', 'No new pictures are arriving at the moment.', ''],
  [{ state: 'reconnecting', cause: 'lost' }, 'Reconnecting', 'The connection was lost.', ''],
  [{ state: 'unavailable' }, 'Stream unavailable', 'The server cannot reach its source right now. Trying again.', ''],
  [{ state: 'not-found' }, 'Stream not found', 'There is no stream of this name. It will start here when it appears.', ''],
  [{ state: 'ended' }, 'Stream ended', '', ''],
  [{ state: 'unsupported', codec: 'hvc1.1.6.L93.B0' }, 'Codec not supported', 'This browser cannot play hvc1.1.6.L93.B0.', ''],
  [{ state: 'failed', message: 'It is broken' }, 'Cannot play this stream', 'It is broken', ''],
];
for (const [status, title, text, live] of cases) {
  test(`${status.state} ${status.cause ?? ''}`, () => {
    const notice = describe(status);
    assert.equal(notice.title, title);
    assert.equal(notice.text, text);
    assert.equal(badge(status, false), live);
    assert.equal(typeof announce(status), 'string');
  });
}

test('a paused picture is not live', () => assert.equal(badge({ state: 'live' }, true), 'Go live'));

test('only what nobody does anything about can be tried again by hand', () => {
  const retry = cases.map(([status]) => status).filter((status) => describe(status).retry);
  assert.deepEqual(retry.map((status) => status.state), ['ended', 'failed']);
  for (const status of retry) assert.equal(describe(status).busy, false);
});

test('what a screen reader says', () => {
  assert.equal(announce({ state: 'live' }), 'Live');
  assert.equal(announce({ state: 'live', note: 'No sound: this browser cannot play ac-4' }), 'Live. No sound: this browser cannot play ac-4.');
  assert.equal(announce({ state: 'behind', behind: 3 }), 'Behind live');
  assert.equal(announce({ state: 'unsupported', codec: 'x' }), 'Codec not supported. This browser cannot play x.');
  assert.equal(announce({ state: 'idle' }), '');
});
