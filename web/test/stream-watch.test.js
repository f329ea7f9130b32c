import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { StreamWatch } from '../pages/stream-watch.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';

let clock;
let log;
let fetches;
/** What the server's list has, or null for no answer. */
let list;

beforeEach(() => {
  FakeSocket.made = [];
  clock = new FakeClock();
  log = [];
  fetches = [];
  list = [];
});

function start() {
  const watch = new StreamWatch(
    'streams',
    'https://host/tv/',
    {
      onchange: (streams) => log.push(streams.map(show).join(' ')),
      onerror: () => log.push('error'),
    },
    {
      WebSocket: FakeSocket,
      clock,
      random: () => 1,
      fetch: async (url) => {
        fetches.push(url);
        if (!list) throw new TypeError('no network');
        return { ok: true, json: async () => ({ streams: list.map((word) => ({ name: word.split(':')[0], viewers: Number(word.split(':')[1] ?? 0), state: 'idle' })) }) };
      },
    },
  );
  watch.open();
  return watch;
}

const show = ({ name, live, viewers }) => name + (live ? '*' : '') + (viewers ? `:${viewers}` : '');

/** Lets promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The server says what stands in text: "+a" there is a stream, "+a*" it is live, "-a" it is gone, "." synced. */
function tell(text) {
  notify(text);
  clock.advance(50);
}

function notify(text) {
  for (const word of text.split(' ')) {
    const name = word.slice(1).replace('*', '');
    if (word === '.') FakeSocket.last.deliver('{"type":"synced"}');
    else if (word[0] === '-') FakeSocket.last.deliver(JSON.stringify({ type: 'gone', name }));
    else FakeSocket.last.deliver(JSON.stringify({ type: 'stream', stream: { name, state: word.endsWith('*') ? 'live' : 'idle' } }));
  }
}

test('a snapshot, then changes', async () => {
  list = ['a'];
  start();
  assert.equal(FakeSocket.last.url, 'wss://host/tv/streams');
  assert.equal(FakeSocket.last.offered, 'livews.1');
  FakeSocket.last.accept();
  FakeSocket.last.deliver('{"type":"node","id":"abc","viewers":3,"complete":true}');
  tell('+cam10 +cam2*');
  assert.deepEqual(log, [], 'not before all of it is there');
  tell('.');
  await settle();
  assert.deepEqual(log, ['cam2* cam10', 'cam2* cam10'], 'an answer that is older does not count');
  log = [];
  for (const text of ['+a', '+cam10*', '-a', '-unknown', '-cam2']) tell(text);
  assert.deepEqual(log, ['a cam2* cam10', 'a cam2* cam10*', 'cam2* cam10*', 'cam10*']);
  log = [];
  tell('+x +y +z -x');
  assert.deepEqual(log, ['cam10* y z'], 'what comes together is shown together');
});

test('no WebSocket comes through: the list is asked for', async () => {
  list = ['a'];
  start();
  FakeSocket.last.lose();
  await settle();
  list = ['a', 'b'];
  for (let i = 0; i < 2; i++) {
    clock.advance(2_000);
    FakeSocket.last.lose();
    await settle();
  }
  assert.deepEqual(log, ['a', 'a b', 'a b']);
  assert.equal(new Set(fetches).size, 1);
  assert.equal(fetches.length, 3);
});

test('while changes are told, the list is asked for the viewers only', async () => {
  start();
  FakeSocket.last.accept();
  tell('+a* +b .');
  await settle();
  log = [];
  list = ['a:3', 'c:7'];
  clock.advance(5_000);
  await settle();
  assert.deepEqual(log, ['a*:3 b']);
  tell('+a');
  assert.deepEqual(log.at(-1), 'a:3 b', 'a change does not say how many there are');
  assert.equal(fetches.length, 2);
});

test('a watch that breaks begins with a new snapshot', async () => {
  start();
  FakeSocket.last.accept();
  tell('+a +b .');
  await settle();
  log = [];
  list = ['b'];
  FakeSocket.last.lose();
  await settle();
  assert.deepEqual(log, ['b']);
  clock.advance(200);
  FakeSocket.last.accept();
  tell('+a +b +c');
  tell('-a');
  assert.deepEqual(log, ['b'], 'half a snapshot shows nothing');
  tell('.');
  assert.equal(log.at(-1), 'b c');
});

test('a server that is gone without a word is found out', async () => {
  start();
  FakeSocket.last.accept();
  tell('+a .');
  await settle();
  list = null;
  clock.advance(5_000);
  await settle();
  assert.equal(log.at(-1), 'error');
  assert.equal(FakeSocket.made[0].closedWith, 1000);
  list = ['a'];
  clock.advance(2_000);
  await settle();
  assert.equal(log.at(-1), 'a');
  assert.ok(FakeSocket.made.length > 1);
});

test('a watch that is dead on the way is found out by the answers', async () => {
  list = ['a'];
  start();
  await settle();
  FakeSocket.last.accept();
  tell('+a .');
  list = ['b'];
  for (let i = 0; i < 4; i++) {
    clock.advance(5_000);
    await settle();
  }
  assert.equal(log.at(-1), 'b');
  assert.equal(FakeSocket.made[0].closedWith, 1000);
  clock.advance(10_000);
  assert.equal(FakeSocket.made.length, 2);
});

test('attempts to watch come with backoff, which a short life does not reset', () => {
  start();
  const waits = [];
  for (let i = 0; i < 4; i++) {
    FakeSocket.last.accept();
    FakeSocket.last.lose();
    const before = clock.now();
    const count = FakeSocket.made.length;
    while (FakeSocket.made.length === count) clock.advance(100);
    waits.push(clock.now() - before);
  }
  assert.deepEqual(waits, [200, 400, 800, 1600]);
});

test('what makes no sense is left out, and no list grows without bound', async () => {
  start();
  FakeSocket.last.accept();
  await settle();
  log = [];
  tell('.');
  assert.deepEqual(log, ['']);
  for (const text of ['{', 'null', '7', '{"type":"stream"}', '{"type":"stream","stream":{"name":7}}', '{"type":"gone"}']) FakeSocket.last.deliver(text);
  FakeSocket.last.deliver(JSON.stringify({ type: 'stream', stream: { name: 'a', pad: 'x'.repeat(70_000) } }));
  FakeSocket.last.deliver(new ArrayBuffer(8));
  assert.deepEqual(log, ['']);
  for (let i = 0; i < 1100; i++) notify(`+cam${i}`);
  tell('+cam3*');
  assert.equal(log.at(-1).split(' ').length, 1000);
  assert.ok(log.at(-1).includes('cam3* '));
});

test('closed it is silent, and can be opened again', async () => {
  const watch = start();
  FakeSocket.last.accept();
  tell('+a .');
  watch.close();
  log = [];
  await settle();
  clock.advance(60_000);
  assert.deepEqual([log, clock.pending, FakeSocket.made[0].closedWith], [[], 0, 1000]);
  watch.open();
  FakeSocket.last.accept();
  tell('+b .');
  assert.deepEqual(log, ['b']);
});
