/** The overview of an edge's streams. It keeps itself up to date while it is looked at. */

import { count } from '../format.js';
import { MOST_STREAMS, formatMulti } from './multi-address.js';
import { Previews } from './previews.js';
import { StreamCard } from './stream-card.js';
import { StreamWatch } from './stream-watch.js';

/** From so many streams on there is a field to find one by its name. */
const MANY = 9;

/** @type {Map<string, StreamCard>} */
const cards = new Map();
/**
 * The names of those that are picked, in the order of that: a stream that comes back is picked still.
 *
 * @type {Set<string>}
 */
const picks = new Set();
const previews = new Previews();

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const filter = /** @type {HTMLInputElement} */ (byId('filter'));
const toggle = byId('previews');

/** @param {import('./stream-list.js').StreamEntry[]} streams */
function show(streams) {
  const names = new Set(streams.map((stream) => stream.name));
  for (const [name, card] of cards) if (!names.has(name)) remove(name, card);
  const list = byId('streams');
  streams.forEach((stream, i) => {
    const card = cards.get(stream.name) ?? add(stream.name);
    card.show(stream);
    // A card that is in its place is not moved: it may have the focus.
    if (list.children[i] !== card.element) list.insertBefore(card.element, list.children[i] ?? null);
  });
  byId('loading').hidden = true;
  byId('empty').hidden = streams.length > 0;
  byId('summary').textContent = streams.length ? count(streams.length, 'stream') : '';
  byId('actions').hidden = streams.length === 0;
  byId('find').hidden = streams.length < MANY && !filter.value;
  applyFilter();
  showPicked();
}

/**
 * @param {string} name
 * @returns {StreamCard}
 */
function add(name) {
  const card = new StreamCard(name, () => {
    if (card.isPicked) picks.add(name);
    else picks.delete(name);
    showPicked();
  });
  card.isPicked = picks.has(name);
  cards.set(name, card);
  previews.add(card);
  return card;
}

/**
 * @param {string} name
 * @param {StreamCard} card
 */
function remove(name, card) {
  previews.remove(card);
  card.element.remove();
  cards.delete(name);
}

function applyFilter() {
  const wanted = filter.value.trim().toLowerCase();
  let found = 0;
  for (const { name, element } of cards.values()) {
    element.hidden = !name.toLowerCase().includes(wanted);
    if (!element.hidden) found++;
  }
  byId('nothing').hidden = found > 0 || cards.size === 0;
}

function showPicked() {
  const picked = [...picks].filter((name) => cards.has(name));
  byId('picked').hidden = picked.length === 0;
  const all = `${count(picked.length, 'stream')} picked`;
  byId('picked-count').textContent = picked.length > MOST_STREAMS ? `${all}, of which the first ${MOST_STREAMS} are shown` : all;
  byId('watch').setAttribute('href', `multi?${formatMulti({ streams: picked })}`);
}

function showToggle() {
  toggle.textContent = previews.areWanted ? 'Pause previews' : 'Play previews';
}

filter.addEventListener('input', applyFilter);
toggle.addEventListener('click', () => {
  previews.areWanted = !previews.areWanted;
  showToggle();
});
byId('clear').addEventListener('click', () => {
  picks.clear();
  for (const card of cards.values()) card.isPicked = false;
  showPicked();
  byId('streams').querySelector('input')?.focus();
});
showToggle();

const watch = new StreamWatch('streams', document.baseURI, {
  onchange: (streams) => {
    show(streams);
    byId('error').hidden = true;
  },
  onerror: () => {
    byId('loading').hidden = true;
    byId('error').hidden = false;
  },
});

function watchWhileVisible() {
  if (document.hidden) watch.close();
  else watch.open();
}

document.addEventListener('visibilitychange', watchWhileVisible);
watchWhileVisible();
