import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snippets } from '../pages/snippets.js';

test('what is copied has whole addresses, below the prefix of the edge', () => {
  const got = snippets('hall/door', 'https://example.com/tv/');
  assert.equal(got.link, 'https://example.com/tv/live/hall/door');
  assert.match(got.frame, /^<iframe src="https:\/\/example\.com\/tv\/embed\/hall\/door" title="hall\/door, live" .*><\/iframe>$/);
  assert.match(got.frame, /allow="autoplay; fullscreen; picture-in-picture"/);
  assert.equal(
    got.element,
    '<script type="module" src="https://example.com/tv/assets/livews-player.js"></script>\n' +
      '<livews-player src="wss://example.com/tv/live/hall/door" controls></livews-player>',
  );
});

test('no name ends an attribute', () => {
  const { frame, element } = snippets('a"><script>&', 'http://127.0.0.1:8020/');
  assert.equal(frame.match(/</g)?.length, 2);
  assert.equal(element.match(/</g)?.length, 4);
  assert(frame.includes('title="a&quot;>&lt;script>&amp;, live"'), frame);
});
