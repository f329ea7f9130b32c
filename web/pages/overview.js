/** The overview of an edge's streams. It keeps itself up to date while it is looked at. */

import { count } from '../format.js';
import { StreamCard } from './stream-card.js';
import { StreamWatch } from './stream-watch.js';

/** @type {Map<string, StreamCard>} */
const cards = new Map();

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {import('./stream-list.js').StreamEntry[]} streams */
function show(streams) {
  const list = byId('streams');
  const names = new Set(streams.map((stream) => stream.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.element.remove();
    cards.delete(name);
  }
  streams.forEach((stream, i) => {
    const card = cards.get(stream.name) ?? new StreamCard(stream.name);
    cards.set(stream.name, card);
    card.show(stream);
    // A card that is in its place is not moved: it may have the focus.
    if (list.children[i] !== card.element) list.insertBefore(card.element, list.children[i] ?? null);
  });
  byId('empty').hidden = streams.length > 0;
  byId('summary').textContent = streams.length ? count(streams.length, 'stream') : '';
}

const watch = new StreamWatch('streams', document.baseURI, {
  onchange: (streams) => {
    show(streams);
    byId('error').hidden = true;
  },
  onerror: () => (byId('error').hidden = false),
});

function watchWhileVisible() {
  if (document.hidden) watch.close();
  else watch.open();
}

document.addEventListener('visibilitychange', watchWhileVisible);
watchWhileVisible();
