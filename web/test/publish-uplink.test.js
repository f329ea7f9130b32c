import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Uplink, publishURL, withSession } from '../publish-uplink.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';

let clock;
let log;
/** What the server answers to an empty POST: a status and a text, or null for no answer. */
let answer;
let asked;

beforeEach(() => {
  FakeSocket.made = [];
  clock = new FakeClock();
  log = [];
  answer = [200, ''];
  asked = [];
});

function connect() {
  // What a test before has left under way does not belong here.
  const own = log;
  const uplink = new Uplink(
    'ws://edge/publish/cam1',
    {
      onopen: () => own.push('open'),
      onreply: (reply) => own.push(reply.type),
      ondown: (answers) => own.push(answers ? 'down' : 'unreachable'),
      onfail: (code, reason) => own.push(`fail ${code} ${reason}`),
    },
    {
      WebSocket: FakeSocket,
      clock,
      random: () => 1,
      fetch: async (url, { method }) => {
        asked.push(`${method} ${url}`);
        if (!answer) throw new TypeError('no network');
        return new Response(answer[1], { status: answer[0] });
      },
    },
  );
  uplink.open();
  return uplink;
}

/** Lets promises run. */
const settle = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

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

for (const [name, given, want] of [
  ['no server', null, 'unreachable'],
  ['it may', [200, ''], 'down'],
  ['not allowed', [403, '{"error":"no such key","stream":"cam1"}'], 'fail 4300 no such key'],
  ['no such thing', [404, '404 page not found'], 'fail 4300 404 page not found'],
  ['a page of a proxy', [403, '<html>Forbidden</html>'], 'fail 4300 '],
  ['taken', [409, '{"error":"taken"}'], 'fail 4303 taken'],
  ['busy', [503, '{"error":"later"}'], 'down'],
]) {
  test(`not opened: ${name}`, async () => {
    answer = given;
    connect();
    FakeSocket.last.lose();
    await settle();
    assert.deepEqual(log, [want]);
    assert.deepEqual(asked, ['POST http://edge/publish/cam1']);
    clock.advance(200);
    assert.equal(FakeSocket.made.length > 1, !want.startsWith('fail'));
  });
}

test('what was asked does not matter any more when it is closed', async () => {
  answer = [403, ''];
  const uplink = connect();
  FakeSocket.last.lose();
  uplink.close();
  await settle();
  assert.deepEqual(log, []);
  assert.equal(clock.pending, 0);
});

test('the waits double to 10 s, and begin again after a healthy connection', async () => {
  connect();
  for (const want of [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    FakeSocket.last.lose();
    await settle();
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
  FakeSocket.last.accept();
  clock.advance(20_000);
  FakeSocket.last.lose(4303, 'taken');
  assert.equal(log.at(-1), 'fail 4303 taken');
});

test('a server that does not speak the protocol is left', () => {
  connect();
  FakeSocket.last.accept('');
  assert.match(log.at(-1), /^fail 4300/);
  assert.equal(FakeSocket.last.closedWith, 1000);
});

test('a handshake that takes too long is given up', async () => {
  connect();
  clock.advance(5_000);
  await settle();
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

test('a line that is slower than what is sent is not dead', () => {
  const uplink = connect();
  live();
  const [socket] = FakeSocket.made;
  for (let i = 0; i < 20; i++) {
    uplink.send(new ArrayBuffer(24_000));
    socket.bufferedAmount = (socket.bufferedAmount ?? 0) + 12_000;
    clock.advance(2_000);
  }
  assert.deepEqual(log, ['open', 'live']);
});

test('two questions at the same time lead to one connection', async () => {
  /** @type {((response: Response) => void)[]} */
  const answers = [];
  const handlers = { onopen() {}, onreply() {}, ondown: () => log.push('down'), onfail() {} };
  const fetch = () => new Promise((resolve) => answers.push(resolve));
  const uplink = new Uplink('ws://edge/publish/cam1', handlers, { WebSocket: FakeSocket, clock, random: () => 1, fetch });
  uplink.open();
  FakeSocket.last.lose();
  uplink.retryNow();
  FakeSocket.last.lose();
  for (const give of answers) give(new Response('', { status: 503 }));
  await settle();
  clock.advance(4_000);
  assert.deepEqual(log, ['down']);
  assert.equal(FakeSocket.made.length, 3);
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

test('a publisher has a name by which it is known when it comes back', () => {
  assert.equal(withSession('wss://a.example/publish/cam1?takeover=1', 'x y'), 'wss://a.example/publish/cam1?takeover=1&session=x+y');
  assert.equal(withSession('wss://a.example/publish/cam1', undefined), 'wss://a.example/publish/cam1');
});
