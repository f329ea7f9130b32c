import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Flag, MAX_INFO, MAX_MESSAGE, MessageError, Type, checkTrackInfo, parseControl, parseMessage } from '../message.js';
import { chunkBytes, hex, initBytes, initMessage, message } from './bytes.js';

const video = { number: 1, kind: 'video', codec: 'avc1.4D401E', timescale: 15360, width: 640, height: 360, frameRate: 30 };

/** The examples of PROTOCOL.md: WebSocket frames, as hex digits at the start of indented lines. */
function protocolExamples() {
  const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
  const blocks = text.split('### A worked example')[1].split(/^#/m)[0].match(/(^ {4}.*\n)+/gm);
  return blocks.map((block) => hex(block.replace(/^ {4}((?:[0-9a-f]{2} ?)+).*$/gm, '$1')));
}

/** The payload of a WebSocket frame of less than 64 KiB. */
function unframe(frame) {
  return frame.buffer.slice(frame[1] === 126 ? 4 : 2);
}

test('the worked example of PROTOCOL.md', () => {
  const [chunk, init] = protocolExamples().map(unframe).map(parseMessage);
  assert.deepEqual(
    { ...chunk, payload: new TextDecoder().decode(chunk.payload) },
    {
      type: Type.chunk,
      flags: Flag.sync | Flag.first,
      track: 1,
      position: { epoch: 1760000000, group: 12, chunk: 0 },
      decodeTime: 24_000_000,
      wallClock: 1_760_000_024_033_333,
      info: null,
      payload: 'moof and mdat',
    },
  );
  assert.equal(init.type, Type.init);
  assert.deepEqual(init.info, { number: 1, kind: 'video', codec: 'avc1.4D401E', width: 640, height: 360, frameRate: 30 });
  assert.equal(new TextDecoder().decode(init.payload), 'ftyp and moov');
});

test('the payload of a chunk is not copied', () => {
  const bytes = message({});
  assert.equal(parseMessage(bytes).payload.buffer, bytes);
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
  for (const [delay, want] of [['1500', 1500], ['-1', 0], ['1e9', 60_000], ['"soon"', 0]]) {
    assert.deepEqual(parseControl(`{"type":"goaway","delay":${delay}}`), { type: 'goaway', delay: want });
  }
  assert.deepEqual(parseControl('{"type":"goaway"}'), { type: 'goaway', delay: 0 });
  assert.equal(parseControl('{"type":"weather"}'), null);
  assert.equal(parseControl('{}'), null);
});

for (const text of ['', 'null', '7', '{', '{"type":"gap"}', '{"type":"gap","track":1,"from":"1.2","to":"7.2.0"}', `{"type":"end","pad":"${'x'.repeat(5000)}"}`]) {
  test(`control refused: ${text.slice(0, 50)}`, () => assert.throws(() => parseControl(text), MessageError));
}
