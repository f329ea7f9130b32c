import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flag, MAX_INFO, MAX_MESSAGE, MessageError, Type, checkTrackInfo, parseControl, parseMessage } from '../message.js';
import { chunkBytes, hex, initBytes, initMessage, message } from './bytes.js';

const video = { number: 1, kind: 'video', codec: 'avc1.4D401E', timescale: 15360, width: 640, height: 360, frameRate: 30 };

test('a chunk, byte by byte', () => {
  const bytes = hex(
    '01 03 0002 68e77800 0000000c 00000003 00000000 0003d090 00063f5f 3a5cb280' + // header
      '00000008 6d6f6f66 00000008 6d646174', // moof, mdat
  );
  const segment = parseMessage(bytes.buffer);
  assert.equal(segment.type, Type.chunk);
  assert.equal(segment.flags, Flag.sync | Flag.first);
  assert.equal(segment.track, 2);
  assert.deepEqual(segment.position, { epoch: 1760000000, group: 12, chunk: 3 });
  assert.equal(segment.decodeTime, 250_000);
  assert.equal(segment.wallClock, 0x00063f5f * 2 ** 32 + 0x3a5cb280);
  assert.equal(segment.info, null);
  assert.equal(segment.payload.length, 16);
  assert.equal(segment.payload.buffer, bytes.buffer, 'the payload is not copied');
});

test('an init message', () => {
  const segment = parseMessage(initMessage({ ...video, colour: 'blue', language: 'eng' }));
  const { timescale, ...known } = video;
  assert.deepEqual(segment.info, { ...known, language: 'eng' }, `timescale ${timescale} and colour are not used`);
  assert.deepEqual([...segment.payload], [...initBytes]);
});

test('what is not known is ignored', () => {
  assert.equal(parseMessage(message({ type: 9 })), null);
  assert.equal(parseMessage(message({ flags: 0xff })).flags, 0xff);
  assert.deepEqual([...parseMessage(message({})).payload], [...chunkBytes]);
});

const hostile = {
  empty: new ArrayBuffer(0),
  'one byte short of a header': message({ payload: new Uint8Array(0) }).slice(0, 31),
  'too long': new ArrayBuffer(MAX_MESSAGE + 1),
  'track 0': message({ track: 0 }),
  'decode time beyond what a number holds': message({ time: 2n ** 63n }),
  'wall clock beyond what a number holds': message({ wall: 2n ** 54n }),
  'init without a length': message({ type: 2, payload: new Uint8Array(3) }),
  'init that claims more than it has': initMessage(video, { length: 5000 }),
  'init that claims 4 GiB': initMessage(video, { length: 0xffffffff }),
  'init with a huge description': initMessage({ ...video, pad: 'x'.repeat(MAX_INFO) }),
  'init with broken JSON': initMessage('{"number":1,'),
  'init with deep JSON': initMessage('['.repeat(8000)),
  'init with null': initMessage('null'),
  'init of another track': initMessage({ ...video, number: 2 }),
  'init without a codec': initMessage({ ...video, codec: undefined }),
  'codec that breaks out of a MIME type': initMessage({ ...video, codec: 'avc1", x="' }),
  'codec of no end': initMessage({ ...video, codec: 'a'.repeat(101) }),
};
for (const [name, bytes] of Object.entries(hostile)) {
  test(`refused: ${name}`, () => assert.throws(() => parseMessage(bytes), MessageError));
}

test('senseless numbers in a description are left out', () => {
  const info = checkTrackInfo({ number: 1, kind: 'video', codec: 'vp8', width: -1, height: '360', frameRate: null, bitrate: 0 });
  assert.deepEqual(info, { number: 1, kind: 'video', codec: 'vp8' });
});

test('control messages', () => {
  assert.deepEqual(parseControl('{"type":"gap","track":1,"from":"0.0.0","to":"7.2.0","reason":"slow","more":1}'), {
    type: 'gap',
    track: 1,
    from: { epoch: 0, group: 0, chunk: 0 },
    to: { epoch: 7, group: 2, chunk: 0 },
    reason: 'slow',
  });
  assert.equal(parseControl('{"type":"gap","track":1,"from":"0.0.0","to":"7.2.0"}').reason, 'lost');
  assert.deepEqual(parseControl('{"type":"end","why":"over"}'), { type: 'end' });
  assert.equal(parseControl('{"type":"weather"}'), null);
  assert.equal(parseControl('{}'), null);
});

for (const text of ['', 'null', '7', '{', '{"type":"gap"}', '{"type":"gap","track":1,"from":"1.2","to":"7.2.0"}', `{"type":"end","pad":"${'x'.repeat(5000)}"}`]) {
  test(`control refused: ${text.slice(0, 50)}`, () => assert.throws(() => parseControl(text), MessageError));
}
