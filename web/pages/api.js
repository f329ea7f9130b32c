/** The page for authors of programs: a player, what can be done with it, and what it tells. Its query may name a stream: `?s=cam1`. */

import { EventList } from './api-events.js';
import { knobs } from './api-knobs.js';
import { PropertyTable } from './api-properties.js';
import { fetchStreams } from './stream-list.js';

/** What is shown is read again after this many milliseconds. */
const REFRESH = 500;

await customElements.whenDefined('livews-player');
const player = /** @type {import('../element.js').LivewsPlayerElement} */ (document.getElementById('player'));
const events = new EventList(player, byId('events'));
const properties = new PropertyTable(player, byId('properties'));
const controls = knobs(player);
byId('knobs').append(...controls.map(({ element }) => element));
byId('clear').addEventListener('click', () => events.clear());

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

function refresh() {
  if (document.hidden) return;
  properties.refresh();
  for (const control of controls) control.refresh();
  const attributes = player.getAttributeNames().filter((name) => name !== 'id');
  const words = attributes.map((name) => [name, player.getAttribute(name)].filter(Boolean).join('="') + (player.getAttribute(name) ? '"' : ''));
  const markup = `<${['livews-player', ...words].join(' ')}></livews-player>`;
  if (byId('markup').textContent !== markup) byId('markup').textContent = markup;
}

/** The stream that is asked for, or the first one there is. */
async function firstStream() {
  const asked = new URLSearchParams(location.search).get('s');
  if (asked) return asked;
  const streams = await fetchStreams('streams', (...args) => fetch(...args)).catch(() => []);
  return (streams.find(({ live }) => live) ?? streams[0])?.name ?? 'cam1';
}

for (const type of ['statechange', 'playchange', 'volumechange', 'qualitychange']) player.addEventListener(type, refresh);
player.src = `live/${await firstStream()}`;
refresh();
setInterval(refresh, REFRESH);
