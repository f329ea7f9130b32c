import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Uplink, publishURL } from '../publish-uplink.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';

let clock;
let log;

beforeEach(() => {
  FakeSocket.made = [];
  clock = new FakeClock();
  log = [];
});

function connect() {
  const uplink = new Uplink(
    'ws://edge/publish/cam1',
    {
      onopen: () => log.push('open'),
      onreply: (reply) => log.push(reply.type),
      ondown: () => log.push('down'),
      onfail: (code, reason) => log.push(`fail ${code} ${reason}`),
    },
    { WebSocket: FakeSocket, clock, random: () => 1 },
  );
  uplink.open();
  return uplink;
}

/** A connection on which the stream is live. */
function live() {
  FakeSocket.last.accept();
  FakeSocket.last.deliver('{"type":"live","epoch":1}');
}

test('it offers the sub-protocol, passes replies on, and ends cleanly', () => {
  const uplink = connect();
  assert.equal(FakeSocket.last.offered, 'livews.publish.1');
  uplink.send('too early');
  live();
  FakeSocket.last.deliver('{"type":"keyframe","track":1}');
  FakeSocket.last.deliver('{"type":"unknown"}');
  uplink.send('frame');
  uplink.close();
  assert.deepEqual(log, ['open', 'live', 'keyframe']);
  assert.deepEqual(FakeSocket.last.sent, ['frame', '{"type":"end"}']);
  assert.equal(FakeSocket.last.closedWith, 1000);
  assert.equal(clock.pending, 0);
});

for (const [code, want] of [
  [1000, 'down'],
  [1001, 'down'],
  [1006, 'down'],
  [4100, 'down'],
  [4200, 'down'],
  [4300, 'fail 4300 why'],
  [4303, 'fail 4303 why'],
  [4304, 'fail 4304 why'],
  [4305, 'fail 4305 why'],
  [4399, 'fail 4399 why'],
  [4400, 'down'],
]) {
  test(`close ${code}: ${want}`, () => {
    connect();
    FakeSocket.last.accept();
    FakeSocket.last.lose(code, 'why');
    assert.equal(log.at(-1), want);
    clock.advance(60_000);
    assert.equal(FakeSocket.made.length > 1, want === 'down');
  });
}

test('the waits double to 10 s, and begin again after a healthy connection', () => {
  connect();
  for (const want of [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    FakeSocket.last.lose();
    const made = FakeSocket.made.length;
    clock.advance(want - 1);
    assert.equal(FakeSocket.made.length, made, `earlier than ${want}`);
    clock.advance(1);
    assert.equal(FakeSocket.made.length, made + 1, `not after ${want}`);
  }
  live();
  clock.advance(10_000);
  FakeSocket.last.lose();
  const made = FakeSocket.made.length;
  clock.advance(200);
  assert.equal(FakeSocket.made.length, made + 1);
});

test('its own dead connection does not keep a publisher from its name', () => {
  connect();
  live();
  FakeSocket.last.lose();
  clock.advance(200);
  for (let i = 0; i < 3; i++) {
    FakeSocket.last.accept();
    FakeSocket.last.lose(4303, 'taken');
    assert.equal(log.at(-1), 'down');
    clock.advance(2_000);
  }
  clock.advance(20_000);
  FakeSocket.last.accept();
  FakeSocket.last.lose(4303, 'taken');
  assert.equal(log.at(-1), 'fail 4303 taken');
});

test('a server that does not speak the protocol is left', () => {
  connect();
  FakeSocket.last.accept('');
  assert.match(log.at(-1), /^fail 4300/);
  assert.equal(FakeSocket.last.closedWith, 1000);
});

test('a handshake that takes too long is given up', () => {
  connect();
  clock.advance(5_000);
  assert.deepEqual(log, ['down']);
  clock.advance(200);
  assert.equal(FakeSocket.made.length, 2);
});

test('a line that takes nothing any more is given up, a slow one is not', () => {
  connect();
  live();
  const [socket] = FakeSocket.made;
  for (let unsent = 900_000; unsent > 100_000; unsent -= 50_000) {
    socket.bufferedAmount = unsent;
    clock.advance(2_000);
  }
  assert.deepEqual(log, ['open', 'live']);
  for (let i = 0; i < 6; i++) {
    socket.bufferedAmount += 50_000;
    clock.advance(2_000);
  }
  assert.equal(log.at(-1), 'down');
});

test('retryNow ends a wait, and does nothing else', () => {
  const uplink = connect();
  uplink.retryNow();
  assert.equal(FakeSocket.made.length, 1);
  FakeSocket.last.lose();
  uplink.retryNow();
  assert.equal(FakeSocket.made.length, 2);
  clock.advance(1_000);
  assert.equal(FakeSocket.made.length, 2);
  uplink.close();
  uplink.retryNow();
  assert.equal(FakeSocket.made.length, 2);
});

test('addresses', () => {
  assert.equal(publishURL('publish/cam1?takeover=1', 'https://a.example/tv/'), 'wss://a.example/tv/publish/cam1?takeover=1');
  assert.throws(() => publishURL('ftp://a.example/', ''), TypeError);
});
