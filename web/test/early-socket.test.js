import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEarly, takeEarly } from '../early-socket.js';
import { Link } from '../link.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';

const URL = 'ws://edge/live/cam1';

class EarlySocket extends FakeSocket {
  readyState = 0;

  bring(...messages) {
    this.readyState = 1;
    this.protocol = this.offered;
    this.onopen?.({});
    for (const data of messages) this.onmessage?.({ data });
  }
}

function early() {
  const clock = new FakeClock();
  openEarly(URL, { WebSocket: EarlySocket, clock });
  return { clock, socket: FakeSocket.last };
}

/** A Link, and what its owner has heard. */
function linked(clock, url = URL) {
  const heard = [];
  const link = new Link(
    url,
    { onopen: () => heard.push('open'), onmessage: (data) => heard.push(data), onclose: (code) => heard.push(code) },
    { WebSocket: EarlySocket, clock },
  );
  return { link, heard };
}

test('what came before there was a Link is told when its owner has it', async () => {
  const { clock, socket } = early();
  const [a, b, c] = [new ArrayBuffer(1), new ArrayBuffer(2), new ArrayBuffer(3)];
  socket.bring(a, b);
  const made = FakeSocket.made.length;
  const { link, heard } = linked(clock);
  assert.deepEqual([heard.length, FakeSocket.made.length], [0, made]);
  await null;
  assert.deepEqual(heard, ['open', a, b]);
  socket.onmessage({ data: c });
  assert.equal(heard.at(-1), c);
  assert.ok(link.isOpened);
  assert.equal(takeEarly(URL), null, 'it is there once');
  link.close();
});

test('a socket that still connects opens as any other', async () => {
  const { clock, socket } = early();
  const { link, heard } = linked(clock);
  await null;
  assert.deepEqual(heard, []);
  socket.bring();
  assert.deepEqual(heard, ['open']);
  link.close();
});

test('a Link that its owner closes at once hears nothing', async () => {
  const { clock, socket } = early();
  socket.bring(new ArrayBuffer(1));
  const { link, heard } = linked(clock);
  link.close();
  await null;
  assert.deepEqual(heard, []);
  assert.notEqual(socket.closedWith, null);
});

test('one for another address, one that has ended, and one that nobody wants are closed', () => {
  const { clock, socket } = early();
  socket.bring();
  const { link } = linked(clock, `${URL}?latency=500ms`);
  assert.notEqual(socket.closedWith, null);
  assert.notEqual(FakeSocket.last, socket);
  link.close();

  const ended = early().socket;
  ended.readyState = 3;
  assert.equal(takeEarly(URL), null);
  assert.notEqual(ended.closedWith, null);

  const waiting = early();
  waiting.clock.advance(10_000);
  assert.notEqual(waiting.socket.closedWith, null);
  assert.equal(takeEarly(URL), null);
});

test('what waits is bounded', () => {
  const { socket } = early();
  socket.bring(...Array.from({ length: 33 }, () => new ArrayBuffer(1 << 20)));
  assert.notEqual(socket.closedWith, null);
  assert.equal(takeEarly(URL), null);
});
