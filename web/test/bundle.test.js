import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBundle, unbundle } from '../bundle.js';
import { Link } from '../link.js';
import { MAX_MESSAGE, MessageError } from '../message.js';
import { concat } from './bytes.js';
import { FakeClock } from './fake-clock.js';
import { FakeSocket } from './fake-socket.js';
import { Fuzz } from './fuzz.js';

/** A WebSocket frame as a server sends it. */
function frame(data) {
  const payload = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  const { length } = payload;
  const header = new DataView(new ArrayBuffer(length < 126 ? 2 : length < 65_536 ? 4 : 10));
  header.setUint8(0, typeof data === 'string' ? 0x81 : 0x82);
  header.setUint8(1, length < 126 ? length : length < 65_536 ? 126 : 127);
  if (header.byteLength === 4) header.setUint16(2, length);
  if (header.byteLength === 10) header.setUint32(6, length);
  return concat(new Uint8Array(header.buffer), payload);
}

const bundleOf = (flags, ...frames) => concat(Uint8Array.of(3, flags), ...frames).slice().buffer;
const bundle = (...frames) => bundleOf(1, ...frames);
const filled = (length, value) => new Uint8Array(length).fill(value);

test('a bundle has messages of every length in it', () => {
  const sizes = [0, 1, 125, 126, 65_535, 65_536];
  const texts = ['', '{"type":"end"}', 'ä'.repeat(100)];
  const made = bundle(...sizes.map((size, i) => frame(filled(size, i))), ...texts.map(frame));
  assert.ok(isBundle(made));
  const got = [...unbundle(made)].map(({ message }) => message);
  assert.deepEqual(got.slice(0, sizes.length).map((message) => message.byteLength), sizes);
  assert.ok(got.slice(0, sizes.length).every((message, i) => new Uint8Array(message).every((byte) => byte === i)));
  assert.deepEqual(got.slice(sizes.length), texts);
  assert.deepEqual([...unbundle(bundle())], []);
});

test('nothing but the last message of the last bundle has no more behind it', () => {
  const more = (made) => [...unbundle(made)].map((item) => item.more);
  const frames = [frame(filled(1, 1)), frame('{}'), frame(filled(2, 1))];
  assert.deepEqual(more(bundleOf(0, ...frames)), [true, true, true]);
  assert.deepEqual(more(bundleOf(1, ...frames)), [true, true, false]);
  assert.deepEqual(more(bundleOf(0xfe, ...frames)), [true, true, true], 'other flags are ignored');
  assert.deepEqual(more(Uint8Array.of(3).buffer), []);
});

test('other messages are none', () => {
  for (const bytes of [[], [1], [2, 3]]) assert.equal(isBundle(Uint8Array.from(bytes).buffer), false);
});

for (const [name, tail] of Object.entries({
  'half a header': [0x82],
  'half a length': [0x82, 126, 1],
  'a length beyond the end': [0x82, 4, 1, 2, 3],
  'a mask': [0x82, 0x81, 1, 2, 3, 4, 5],
  'part of a message': [0x02, 1, 1],
  'a ping': [0x89, 0],
  'a huge length': [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255],
})) {
  test(`what comes after ${name} is refused`, () => {
    const messages = unbundle(bundle(frame(filled(3, 1)), Uint8Array.from(tail)));
    assert.equal(messages.next().value.message.byteLength, 3);
    assert.throws(() => messages.next(), MessageError);
  });
}

test('whatever comes, nothing beyond it is read', () => {
  const fuzz = new Fuzz(7);
  let read = 0;
  for (let i = 0; i < 3_000; i++) {
    const bytes = fuzz.mutate(bundle(frame(fuzz.bytes(fuzz.below(200))), frame(fuzz.word()), frame(fuzz.bytes(fuzz.below(200)))));
    let size = 0;
    try {
      for (const { message } of unbundle(bytes)) {
        size += message.byteLength ?? message.length;
        read++;
      }
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
    }
    assert.ok(size <= Math.min(bytes.byteLength, MAX_MESSAGE));
  }
  assert.ok(read > 3_000, `${read} messages could be read`);
});

/** A Link that is open, and what its owner hears. */
function linked() {
  const heard = [];
  const link = new Link(
    'ws://edge/live/cam1',
    {
      onopen() {},
      onmessage: (message, more) => heard.push(`${message.byteLength ?? message.type}${more ? ' and more' : ''}`),
      onclose: (code) => heard.push(code),
    },
    { WebSocket: FakeSocket, clock: new FakeClock() },
  );
  FakeSocket.last.accept();
  return { link, heard };
}

test('a Link asks for bundles, and tells what is in them one by one', () => {
  const { link, heard } = linked();
  assert.equal(FakeSocket.last.url, 'ws://edge/live/cam1?bundle=1');
  const gap = '{"type":"gap","track":1,"from":"0.0.0","to":"1.2.0","reason":"slow"}';
  FakeSocket.last.deliver(bundle(frame(filled(7, 1)), frame(gap), frame(filled(9, 1)), Uint8Array.of(0x89)));
  FakeSocket.last.deliver(filled(5, 1).buffer);
  assert.deepEqual(heard, ['7 and more', 'gap and more', '9 and more', '5'], 'what cannot be read is left out');
  link.close();
});

test('a Link that is closed in the midst of a bundle tells no more of it', () => {
  const { link, heard } = linked();
  link.close();
  const again = linked();
  const tell = again.heard.push.bind(again.heard);
  again.heard.push = (item) => {
    again.link.close();
    return tell(item);
  };
  FakeSocket.last.deliver(bundle(frame(filled(1, 1)), frame(filled(2, 1))));
  assert.deepEqual([heard, [...again.heard]], [[], ['1 and more']]);
});
