import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askPath } from '../path.js';

/** Asks a server that answers so. */
const ask = (body, status = 200) => askPath('https://edge/live/a', async () => new Response(body, { status }));

test('a server says what it is called, and how far away the ingress is', async () => {
  assert.deepEqual(await ask('{"name":"a","hops":9,"path":["edge-1","relay.2","camera_3"]}'), { edge: 'edge-1', hops: 2 });
  assert.deepEqual(await ask('{"path":["ingress"]}'), { edge: 'ingress', hops: 0 });
});

for (const [name, body, status] of [
  ['no path', '{"name":"a"}'],
  ['an empty one', '{"path":[]}'],
  ['one too long', JSON.stringify({ path: Array.from({ length: 17 }, (_, i) => `n${i}`) })],
  ['names that are none', '{"path":["<b>",7,null]}'],
  ['a list', '["a"]'],
  ['nothing', ''],
  ['null', 'null'],
  ['no JSON', '<!DOCTYPE html>'],
  ['an error', '{"path":["a","b"]}', 503],
]) {
  test(`not known: ${name}`, async () => assert.equal(await ask(body, status), null));
}

test('an answer without end is not read to its end', async () => {
  let given = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      given += 1 << 14;
      controller.enqueue(new Uint8Array(1 << 14).fill(0x20));
    },
  });
  assert.equal(await ask(body), null);
  assert.ok(given < 1 << 20, `${given} bytes were read`);
});

test('no answer is no error', async () => {
  assert.equal(await askPath('https://edge/live/a', () => Promise.reject(new TypeError('no network'))), null);
});
