import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webSocketURL } from '../address.js';

for (const [src, want] of [
  ['live/cam1', 'wss://host/tv/live/cam1'],
  ['/live/cam1?tracks=1#x', 'wss://host/live/cam1?tracks=1'],
  ['http://other:8080/live/a/b', 'ws://other:8080/live/a/b'],
  ['ws://other/live/a', 'ws://other/live/a'],
  ['wss://other/live/a', 'wss://other/live/a'],
  ['javascript:alert(1)', null],
  ['file:///etc/passwd', null],
  ['http://', null],
]) {
  test(`address ${src}`, () => assert.equal(webSocketURL(src, 'https://host/tv/page'), want));
}
