import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Backoff } from '../backoff.js';
import { Connection } from '../connection.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';

let clock;
let log;
/** What the server answers to a probe: a status, or null for no answer. */
let answer;
let probes;
/** What the player has: the position of the last chunk, by track. */
let after;

beforeEach(() => {
  FakeSocket.made = [];
  FakeSocket.forbidden = null;
  clock = new FakeClock();
  log = [];
  answer = { status: 200, headers: {} };
  probes = [];
  after = new Map();
});

function connect(...urls) {
  const connection = new Connection(
    urls.length ? urls : ['ws://edge/live/cam1?a=1'],
    {
      after: () => after,
      onopen: () => log.push('open'),
      onsegment: (data) => log.push(`segment ${data.byteLength}`),
      ongap: (gap) => log.push(`gap ${gap.reason}`),
      onmove: () => log.push('move'),
      ondown: (cause, wait) => log.push(`down ${cause} ${wait}`),
      onend: () => log.push('end'),
      onfail: (message) => log.push(`fail ${message}`),
    },
    {
      WebSocket: FakeSocket,
      clock,
      random: () => 1,
      fetch: async (url, { headers }) => {
        probes.push(`${url} ${headers.Accept}`);
        if (!answer) throw new TypeError('no network');
        return { status: answer.status, headers: new Headers(answer.headers), body: null };
      },
    },
  );
  connection.open();
  return connection;
}

/** Lets promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('it connects with the sub-protocol, and passes on what comes', () => {
  const connection = connect();
  assert.equal(FakeSocket.last.url, 'ws://edge/live/cam1?a=1&bundle=1');
  assert.equal(FakeSocket.last.offered, 'livews.1');
  assert.equal(FakeSocket.last.binaryType, 'arraybuffer');
  assert.equal(connection.isOpen, false);
  FakeSocket.last.accept();
  assert.equal(connection.isOpen, true);
  FakeSocket.last.deliver(new ArrayBuffer(5));
  FakeSocket.last.deliver('{"type":"gap","track":1,"from":"0.0.0","to":"1.2.0","reason":"slow"}');
  FakeSocket.last.deliver('{"type":"unknown"}');
  FakeSocket.last.deliver('{broken');
  assert.deepEqual(log, ['open', 'segment 5', 'gap slow']);
  connection.select([1]);
  assert.deepEqual(FakeSocket.last.sent, ['{"type":"select","tracks":[1]}']);
});

test('a budget is asked for in the URL, and told to the server while the connection lasts', async () => {
  const connection = connect('ws://edge/live/cam1?tracks=1,2');
  connection.grant(500);
  FakeSocket.last.accept();
  connection.grant(500);
  assert.deepEqual(FakeSocket.last.sent, ['{"type":"select","tracks":[1,2],"latency":"500ms"}']);
  connection.select([2]);
  connection.switchTo([1]);
  connection.grant(0);
  assert.equal(FakeSocket.last.sent.at(-1), '{"type":"select","tracks":[1],"at":"group","latency":""}');
  connection.switched();
  connection.grant(2500);
  FakeSocket.last.lose();
  await settle();
  clock.advance(200);
  assert.equal(new URL(FakeSocket.last.url).searchParams.get('latency'), '2500ms');
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent, []);
});

test('without a budget of its own, the one of the URL holds', () => {
  const connection = connect('ws://edge/live/cam1?latency=100ms');
  FakeSocket.last.accept();
  connection.grant(500);
  connection.grant(0);
  assert.deepEqual(FakeSocket.last.sent.map((text) => JSON.parse(text).latency), ['500ms', '100ms']);
});

test('a lost connection is made again, without a probe', async () => {
  connect();
  FakeSocket.last.accept();
  FakeSocket.last.lose();
  await settle();
  assert.deepEqual(log, ['open', 'down lost 200']);
  clock.advance(199);
  assert.equal(FakeSocket.made.length, 1);
  clock.advance(1);
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(probes, []);
});

for (const [code, reason, ended, want] of [
  [1000, '', true, 'end'],
  [1006, '', true, 'down lost 200'],
  [1000, '', false, 'down lost 200'],
  [1001, '', false, 'down lost 200'],
  [4100, '', false, 'down lost 200'],
  [4101, '', false, 'down lost 200'],
  [4200, '', false, 'down lost 200'],
  [4300, 'bad select', false, 'fail bad select'],
  [4399, '', false, 'fail The server has refused this player (4399)'],
  [4400, '', false, 'down lost 200'],
]) {
  test(`close ${code}${ended ? ' after end' : ''}: ${want}`, async () => {
    connect();
    FakeSocket.last.accept();
    if (ended) FakeSocket.last.deliver('{"type":"end"}');
    FakeSocket.last.lose(code, reason);
    await settle();
    assert.equal(log.at(-1), want);
    clock.advance(60_000);
    assert.equal(FakeSocket.made.length > 1, want.startsWith('down'));
  });
}

for (const [name, given, want] of [
  ['not found', { status: 404, headers: {} }, 'down not-found 5000'],
  ['upstream away', { status: 503, headers: {} }, 'down unavailable 200'],
  ['upstream away, with a wish', { status: 503, headers: { 'Retry-After': '3' } }, 'down unavailable 3000'],
  ['a wish beyond reason', { status: 503, headers: { 'Retry-After': '99999' } }, 'down unavailable 30000'],
  ['no WebSocket through a proxy', { status: 200, headers: {} }, 'down refused 200'],
  ['origin not allowed', { status: 403, headers: {} }, 'down refused 200'],
  ['no server', null, 'down unreachable 200'],
]) {
  test(`not opened: ${name}`, async () => {
    answer = given;
    connect();
    FakeSocket.last.lose();
    await settle();
    assert.deepEqual(log, [want]);
    assert.deepEqual(probes, ['http://edge/live/cam1?a=1 application/json']);
  });
}

test('the waits double to 10 s, and begin again after a healthy connection', async () => {
  connect();
  for (const want of [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    FakeSocket.last.accept();
    clock.advance(9_000);
    FakeSocket.last.lose();
    await settle();
    assert.equal(log.at(-1), `down lost ${want}`);
    clock.advance(want);
  }
  FakeSocket.last.accept();
  clock.advance(10_000);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  FakeSocket.last.lose();
  await settle();
  assert.equal(log.at(-1), 'down lost 200');
});

test('a source that pauses is asked for less and less often, though each connection lasts', async () => {
  connect();
  for (const want of [200, 400, 800]) {
    FakeSocket.last.accept();
    FakeSocket.last.deliver(new ArrayBuffer(40)); // the init segment
    clock.advance(15_000);
    await settle();
    assert.equal(log.at(-1), `down lost ${want}`);
    clock.advance(want);
  }
});

test('the random factor lies between 0.5 and 1', () => {
  assert.equal(new Backoff(() => 0).next(), 100);
  assert.equal(new Backoff(() => 1).next(), 200);
});

test('a handshake that takes more than 5 s is given up', async () => {
  answer = null;
  connect();
  clock.advance(4_999);
  assert.equal(FakeSocket.last.closedWith, null);
  clock.advance(1);
  await settle();
  assert.notEqual(FakeSocket.made[0].closedWith, null);
  assert.deepEqual(log, ['down unreachable 200']);
});

test('silence of 15 s cuts the connection, any message puts it off', async () => {
  connect();
  FakeSocket.last.accept();
  clock.advance(14_000);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  clock.advance(14_999);
  assert.equal(FakeSocket.last.closedWith, null);
  clock.advance(1);
  await settle();
  assert.equal(FakeSocket.made[0].closedWith, 4400);
  assert.equal(log.at(-1), 'down lost 200');
  FakeSocket.made[0].lose(1006);
  await settle();
  assert.equal(log.length, 3, 'the late close of the old socket says nothing');
});

test('when the page is back it does not wait', async () => {
  answer = { status: 404, headers: {} };
  const connection = connect();
  connection.wake();
  assert.equal(FakeSocket.made.length, 1, 'an attempt is under way');
  FakeSocket.last.lose();
  await settle();
  connection.wake();
  assert.equal(FakeSocket.made.length, 2);
  clock.advance(4_000);
  assert.equal(FakeSocket.made.length, 2, 'the old wait is off');
});

test('the page is back while the probe is under way', async () => {
  const connection = connect();
  FakeSocket.last.lose();
  connection.wake();
  FakeSocket.last.accept();
  await settle();
  assert.deepEqual(log, ['open']);
  clock.advance(1_000);
  assert.equal(FakeSocket.made.length, 2);
});

test('restart gives up a working connection', async () => {
  const connection = connect();
  FakeSocket.last.accept();
  connection.restart();
  await settle();
  assert.equal(FakeSocket.made[0].closedWith, 1000);
  clock.advance(200);
  assert.equal(FakeSocket.made.length, 2);
});

test('closed, it does nothing any more', async () => {
  for (const when of ['dialling', 'open', 'waiting', 'probing']) {
    FakeSocket.made = [];
    log = [];
    const connection = connect();
    if (when === 'open') FakeSocket.last.accept();
    if (when !== 'dialling' && when !== 'open') FakeSocket.last.lose();
    if (when === 'waiting') await settle();
    connection.close();
    const before = log.length;
    await settle();
    clock.advance(100_000);
    assert.equal(FakeSocket.made.length, 1, when);
    assert.equal(log.length, before, when);
    assert.equal(clock.pending, 0, when);
  }
});

test('a server of another protocol is not asked again', () => {
  connect();
  FakeSocket.last.accept('');
  assert.deepEqual(log, ['fail The server does not speak the livews protocol']);
  clock.advance(60_000);
  assert.equal(FakeSocket.made.length, 1);
});

/** The query of a socket's URL, as the server reads it, without what is the same in all. */
const query = (socket) => Object.fromEntries([...new URL(socket.url).searchParams].filter(([key]) => key !== 'bundle'));
const goaway = (delay) => FakeSocket.last.deliver(`{"type":"goaway","delay":${delay}}`);
/** What is there after the first chunks. */
const here = new Map([[1, { epoch: 7, group: 2, chunk: 3 }]]);

test('a new connection goes on after what is there, with the tracks selected', async () => {
  const connection = connect();
  assert.equal(FakeSocket.last.url, 'ws://edge/live/cam1?a=1&bundle=1', 'there is nothing yet');
  FakeSocket.last.accept();
  connection.select([1]);
  after = here;
  FakeSocket.last.lose();
  await settle();
  clock.advance(200);
  assert.deepEqual(query(FakeSocket.last), { a: '1', tracks: '1', after: '1:7.2.3' });
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent, [], 'the query has said it');
  after = new Map();
  connection.restart();
  await settle();
  clock.advance(10_000);
  assert.deepEqual(query(FakeSocket.last), { a: '1' }, 'whoever begins anew wants all tracks again');
});

test('tracks selected while a connection is being made are told to it', () => {
  const connection = connect();
  FakeSocket.last.accept();
  clock.advance(10_000);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  goaway(0);
  clock.advance(0);
  connection.select([1, 2]);
  const [old, next] = FakeSocket.made;
  assert.deepEqual([old.sent, next.sent], [['{"type":"select","tracks":[1,2]}'], []]);
  next.accept();
  assert.deepEqual(next.sent, ['{"type":"select","tracks":[1,2]}']);
});

/** Opens a connection that is old enough to be healthy, and has brought something. */
function settled() {
  const connection = connect();
  FakeSocket.last.accept();
  clock.advance(10_000);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  after = here;
  log = [];
  return connection;
}

test('goaway: the next connection is there before the old one goes', () => {
  settled();
  goaway(1500);
  clock.advance(1499);
  assert.equal(FakeSocket.made.length, 1);
  clock.advance(1);
  const [old, next] = FakeSocket.made;
  assert.deepEqual(query(next), { a: '1', after: '1:7.2.3' });
  next.accept();
  old.deliver(new ArrayBuffer(1));
  assert.equal(old.closedWith, null, 'nothing has come by the next one yet');
  next.deliver(new ArrayBuffer(2));
  assert.equal(old.closedWith, 1000);
  old.deliver(new ArrayBuffer(3));
  old.lose(4100);
  next.deliver(new ArrayBuffer(4));
  assert.deepEqual(log, ['segment 1', 'move', 'segment 2', 'segment 4'], 'the player has never been without');
});

test('goaway: refused elsewhere, it stays until it is closed, then connects again with backoff', async () => {
  settled();
  goaway(100);
  clock.advance(100);
  const [old, next] = FakeSocket.made;
  next.lose(1006);
  await settle();
  clock.advance(5_000);
  old.deliver(new ArrayBuffer(1));
  assert.deepEqual([log, FakeSocket.made.length], [['segment 1'], 2]);
  old.lose(4100);
  await settle();
  assert.deepEqual(log, ['segment 1', 'down lost 200']);
  clock.advance(200);
  assert.deepEqual(query(FakeSocket.last), { a: '1', after: '1:7.2.3' });
});

test('goaway: the old connection breaks while the next is being made', async () => {
  settled();
  goaway(0);
  clock.advance(0);
  const [old, next] = FakeSocket.made;
  old.lose(1006);
  next.accept();
  next.deliver(new ArrayBuffer(2));
  assert.deepEqual(log, ['open', 'segment 2'], 'no wait, no third connection');
  next.lose(1006);
  await settle();
  assert.equal(log.at(-1), 'down lost 200');
});

test('goaway: the old connection breaks before its time, and there is only one new one', async () => {
  settled();
  goaway(1000);
  FakeSocket.last.lose(4100);
  await settle();
  clock.advance(200);
  FakeSocket.last.accept();
  clock.advance(5_000);
  assert.equal(FakeSocket.made.length, 2);
});

test('goaway: a next connection that says nothing is given up', () => {
  settled();
  goaway(0);
  clock.advance(0);
  const [old, next] = FakeSocket.made;
  next.accept();
  for (let i = 0; i < 15; i++) {
    old.deliver(new ArrayBuffer(1));
    clock.advance(1_000);
  }
  assert.deepEqual([next.closedWith, old.closedWith], [4400, null]);
});

test('goaway: the stream ends on the old connection', () => {
  settled();
  goaway(0);
  clock.advance(0);
  const [old, next] = FakeSocket.made;
  old.deliver('{"type":"end"}');
  old.lose(1000);
  assert.deepEqual([log, next.closedWith, clock.pending], [['end'], 1000, 0]);
});

test('goaway again and again: each is followed, but not in a rush', () => {
  settled();
  goaway(5_000);
  goaway(0);
  clock.advance(0);
  assert.equal(FakeSocket.made.length, 2, 'the newer word counts');
  FakeSocket.made[0].deliver('{"type":"goaway","delay":0}');
  clock.advance(1_000);
  assert.equal(FakeSocket.made.length, 2, 'it is on its way');
  const times = [];
  for (let i = 0; i < 6; i++) {
    const before = clock.now();
    const count = FakeSocket.made.length;
    FakeSocket.last.accept();
    goaway(0);
    while (FakeSocket.made.length === count) clock.advance(100);
    times.push(clock.now() - before);
  }
  assert.deepEqual(times, [200, 400, 800, 1600, 3200, 6400]);
  assert.equal(FakeSocket.made.filter((socket) => socket.closedWith === null).length, 2);
  clock.advance(60_000);
  assert.equal(log.filter((line) => line === 'move').length, 6);
});

test('closed while it moves, it does nothing any more', () => {
  for (const when of ['waiting', 'dialling']) {
    FakeSocket.made = [];
    const connection = settled();
    goaway(100);
    if (when === 'dialling') clock.advance(100);
    connection.close();
    clock.advance(60_000);
    assert.ok(FakeSocket.made.every((socket) => socket.closedWith === 1000), when);
    assert.deepEqual([log, clock.pending], [[], 0], when);
  }
});

test('a stream that has been there is asked for again soon', async () => {
  connect();
  FakeSocket.last.accept();
  FakeSocket.last.lose(4200);
  await settle();
  clock.advance(200);
  answer = { status: 404, headers: {} };
  FakeSocket.last.lose();
  await settle();
  assert.equal(log.at(-1), 'down not-found 400');
});

test('a connection that is dead when the page is back is replaced at once', () => {
  const connection = connect();
  const [old] = FakeSocket.made;
  old.accept();
  clock.advance(5_000);
  connection.wake();
  clock.advance(499);
  assert.equal(FakeSocket.made.length, 1);
  clock.advance(1);
  assert.equal(FakeSocket.made.length, 2);
  FakeSocket.last.accept();
  FakeSocket.last.deliver(new ArrayBuffer(40));
  assert.deepEqual(log, ['open', 'move', 'segment 40']);
  assert.equal(old.closedWith, 1000);
});

test('a page that is back does not forget that the server goes away', () => {
  const connection = connect();
  FakeSocket.last.accept();
  clock.advance(12_000);
  FakeSocket.last.deliver('{"type":"goaway","delay":1000}');
  connection.wake();
  clock.advance(400);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  clock.advance(599);
  assert.equal(FakeSocket.made.length, 1);
  clock.advance(1);
  assert.equal(FakeSocket.made.length, 2);
});

test('one that brings something is kept', () => {
  const connection = connect();
  FakeSocket.last.accept();
  clock.advance(5_000);
  connection.wake();
  clock.advance(100);
  FakeSocket.last.deliver(new ArrayBuffer(40));
  clock.advance(1_000);
  assert.equal(FakeSocket.made.length, 1);
});

test('dead, and no other can be had: it is lost, and tried again', async () => {
  const connection = connect();
  const [old] = FakeSocket.made;
  old.accept();
  clock.advance(5_000);
  connection.wake();
  clock.advance(500);
  FakeSocket.last.lose();
  await settle();
  assert.equal(old.closedWith, 1000);
  assert.equal(log.length, 2);
  assert.match(log[1], /^down/);
  clock.advance(200);
  assert.equal(FakeSocket.made.length, 3);
});

const hosts = () => FakeSocket.made.map(({ url }) => new URL(url).host);

test('the next address is tried when one does not work; all of them, before the waits grow', async () => {
  answer = null;
  connect('ws://a/live/x', 'ws://b/live/x', 'ws://c/live/x');
  for (let i = 0; i < 4; i++) {
    FakeSocket.last.lose();
    await settle();
    clock.advance(200);
  }
  assert.deepEqual(hosts(), ['a', 'b', 'c', 'a', 'b']);
  assert.deepEqual(log, Array(4).fill('down unreachable 200'));
  assert.deepEqual(probes.map((probe) => new URL(probe.split(' ')[0]).host), ['a', 'b', 'c', 'a']);
});

test('where the browser throws at an address, the next one is tried', async () => {
  FakeSocket.forbidden = 'ws://a/';
  connect('ws://a/live/cam1', 'ws://b/live/cam1');
  assert.equal(FakeSocket.made.length, 0);
  clock.advance(0);
  await settle();
  clock.advance(200);
  assert.equal(FakeSocket.last.url, 'ws://b/live/cam1?bundle=1');
});

test('42xx goes to the next address, after 41xx and 44xx the same one comes first', async () => {
  connect('ws://a/live/x', 'ws://b/live/x');
  for (const code of [4200, 4100, 4401, 1006, 4200]) {
    FakeSocket.last.accept();
    FakeSocket.last.lose(code);
    await settle();
    clock.advance(3_200);
  }
  assert.deepEqual(hosts(), ['a', 'b', 'b', 'b', 'b', 'a']);
});

test('43xx takes an address out; after the last it stops with the reason', async () => {
  connect('ws://a/live/x', 'ws://b/live/x', 'ws://c/live/x');
  for (const code of [4300, 4303, 4200, 4301]) {
    FakeSocket.last.accept();
    FakeSocket.last.lose(code, `no (${code})`);
    await settle();
    clock.advance(3_200);
  }
  assert.deepEqual(hosts(), ['a', 'b', 'c', 'c']);
  assert.equal(log.at(-1), 'fail no (4301)');
  assert.equal(clock.pending, 0);
});

test('a server that goes away leads to the next address', () => {
  connect('ws://a/live/x', 'ws://b/live/x');
  FakeSocket.last.accept();
  clock.advance(12_000);
  FakeSocket.last.deliver('{"type":"goaway","delay":1000}');
  clock.advance(1_000);
  assert.deepEqual(hosts(), ['a', 'b']);
});

test('an owner who begins again and again waits a second at the most', () => {
  const connection = connect();
  for (let i = 0; i < 6; i++) {
    FakeSocket.last.accept();
    connection.restart();
    clock.advance(1_000);
  }
  assert.deepEqual(log.filter((line) => line.startsWith('down')), [200, 400, 800, 1000, 1000, 1000].map((ms) => `down lost ${ms}`));
});

test('a switch is asked for again by each new connection, until it is done', () => {
  const connection = connect();
  FakeSocket.last.accept();
  connection.select([1, 2]);
  connection.switchTo([3, 2]);
  assert.deepEqual(FakeSocket.last.sent.map((text) => JSON.parse(text)), [
    { type: 'select', tracks: [1, 2] },
    { type: 'select', tracks: [3, 2], at: 'group' },
  ]);
  FakeSocket.last.lose();
  clock.advance(1_000);
  assert.match(FakeSocket.last.url, /tracks=1%2C2|tracks=1,2/);
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent.map((text) => JSON.parse(text)), [{ type: 'select', tracks: [3, 2], at: 'group' }]);
  connection.switched();
  FakeSocket.last.lose();
  clock.advance(1_000);
  assert.match(FakeSocket.last.url, /tracks=3%2C2|tracks=3,2/);
  FakeSocket.last.accept();
  assert.deepEqual(FakeSocket.last.sent, []);
});
