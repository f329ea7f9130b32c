/** The overview of an edge's streams. It keeps itself up to date while it is looked at. */

import { count } from './format.js';
import { StreamCard } from './stream-card.js';
import { fetchStreams } from './stream-list.js';

/** The list is asked for again after this many milliseconds. */
const REFRESH = 2_000;

/** @type {Map<string, StreamCard>} */
const cards = new Map();
let timer = 0;

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

async function refresh() {
  clearTimeout(timer);
  try {
    show(await fetchStreams('streams'));
    byId('error').hidden = true;
  } catch {
    byId('error').hidden = false;
  }
  clearTimeout(timer);
  if (!document.hidden) timer = Number(setTimeout(refresh, REFRESH));
}

document.addEventListener('visibilitychange', () => document.hidden || refresh());
void refresh();
