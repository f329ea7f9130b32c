import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { StatsPanel } from '../stats-panel.js';

/** An element as far as the panel knows one. Events go up by hand. */
class FakeElement extends EventTarget {
  children = [];
  attributes = {};

  append(...children) {
    this.children.push(...children);
  }

  get firstElementChild() {
    return this.children[0];
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }
}

beforeEach(() => {
  globalThis.document = { createElement: () => new FakeElement(), createElementNS: () => new FakeElement() };
});

afterEach(() => {
  delete globalThis.document;
});

/** Presses a key, and reports whether the player would see it. */
function press(element, key) {
  const event = Object.assign(new Event('keydown', { bubbles: true, cancelable: true }), { key });
  let isSeen = true;
  event.stopPropagation = () => (isSeen = false);
  element.dispatchEvent(event);
  assert.ok(!event.defaultPrevented);
  return isSeen;
}

test('keys that scroll the figures do nothing to the player', () => {
  const panel = new StatsPanel({}, () => {});
  const scroll = panel.element.children.find((child) => child.attributes.tabindex === '0');
  for (const key of ['ArrowUp', 'ArrowDown', ' ']) assert.ok(!press(scroll, key), key);
  for (const key of ['k', 'i', 'Escape']) assert.ok(press(scroll, key), key);
});
