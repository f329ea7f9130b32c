import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayConnect, subscriptionURL, webSocketURL, webSocketURLs, withLatency } from '../address.js';

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

for (const [page, url, want] of [
  ['https://a/', 'wss://b/live/a', true],
  ['http://a/', 'ws://b/live/a', true],
  ['https://a/', 'ws://b/live/a', false],
  ['https://a/', 'ws://127.0.0.1:8020/live/a', true],
  ['https://a/', 'ws://[::1]:8020/live/a', true],
  ['https://a/', 'ws://tv.localhost/live/a', true],
  ['https://a/', 'ws://localhost.example/live/a', false],
  ['', 'ws://b/live/a', true],
]) {
  test(`a page of ${page} and ${url}`, () => assert.equal(mayConnect(url, page), want));
}

const at = (text) => {
  const [epoch, group, chunk] = text.split('.').map(Number);
  return { epoch, group, chunk };
};

for (const [url, tracks, after, want] of [
  ['ws://edge/live/a?token=a%2Bb', [], {}, '?token=a%2Bb'],
  ['ws://edge/live/a', [], { 1: '7.2.3', 2: '7.2.5' }, '?after=1:7.2.3,2:7.2.5'],
  ['ws://edge/live/a', [1, 3], {}, '?tracks=1,3'],
  ['ws://edge/live/a?token=a%2Bb&tracks=1,2,3&after=1:1.1.1', [2], { 2: '7.0.0' }, '?token=a+b&tracks=2&after=2:7.0.0'],
]) {
  test(`subscription ${url} tracks ${tracks} after ${JSON.stringify(after)}`, () => {
    const positions = new Map(Object.entries(after).map(([track, text]) => [Number(track), at(text)]));
    const got = subscriptionURL(url, tracks, positions);
    // What counts is what a server makes of it.
    assert.deepEqual([...new URL(got).searchParams], want.slice(1).split('&').filter(Boolean).map((pair) => decodeURIComponent(pair).split('=')).map(([key, value]) => [key, value.replace('%2B', '+')]));
    if (!tracks.length && !positions.size) assert.equal(got, url, 'it is not touched');
  });
}

for (const [budget, want] of [
  [0, 'ws://edge/live/a?tracks=1'],
  [200, 'ws://edge/live/a?tracks=1&latency=200ms'],
]) {
  test(`budget ${budget}`, () => assert.equal(withLatency('ws://edge/live/a?tracks=1', budget), want));
}

test('several addresses have spaces between them; what is none is left out', () => {
  assert.deepEqual(webSocketURLs('  live/a\n http://b/live/a mailto:me  wss://c/x ', 'https://host/'), ['wss://host/live/a', 'ws://b/live/a', 'wss://c/x']);
  assert.deepEqual(webSocketURLs(' ', 'https://host/'), []);
});
