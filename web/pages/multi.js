/** The page of several streams. Its address says what it shows, so that it can be shared. */

import { count } from '../format.js';
import { copyText } from './copy.js';
import { Mosaic } from './mosaic.js';
import { formatMulti, parseMulti } from './multi-address.js';
import { StreamPicker } from './stream-picker.js';

/** A message on a button stays for so many milliseconds. */
const BRIEFLY = 2_000;

await customElements.whenDefined('livews-player');

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

const mosaic = new Mosaic(byId('mosaic'));
const picker = new StreamPicker(/** @type {HTMLDialogElement} */ (byId('picker')), (streams) => {
  mosaic.view = { ...mosaic.view, streams };
});

function show() {
  const { view } = mosaic;
  const query = formatMulti(view);
  // The query of a page with a base is not relative to the page.
  history.replaceState(null, '', location.pathname + (query && `?${query}`));
  const none = view.streams.length === 0;
  byId('empty').hidden = !none;
  for (const id of ['mosaic', 'keys', 'copy', 'choose']) byId(id).hidden = none;
  byId('fullscreen').hidden = none || !document.fullscreenEnabled;
  document.title = document.title.replace(/^.*?(?= · )/, none ? 'Multi-view' : view.streams.join(', '));
  const sound = view.sound ? `You hear ${view.sound}.` : 'No sound.';
  byId('speech').textContent = none ? '' : `${count(view.streams.length, 'stream')}. ${sound}`;
}

function choose() {
  void picker.open(mosaic.view.streams);
}

async function copy() {
  const done = await copyText(location.href);
  const text = done ? 'Copied' : 'Copy it from the address bar';
  byId('copy').textContent = text;
  setTimeout(() => (byId('copy').textContent = 'Copy link'), BRIEFLY);
}

function toggleFullscreen() {
  const wish = document.fullscreenElement ? document.exitFullscreen() : byId('mosaic').requestFullscreen?.();
  wish?.catch(() => {}); // a browser may refuse, and says so itself
}

/** @type {Record<string, () => void>} */
const KEYS = {
  ArrowLeft: () => mosaic.moveFocus(-1, 0),
  ArrowRight: () => mosaic.moveFocus(1, 0),
  ArrowUp: () => mosaic.moveFocus(0, -1),
  ArrowDown: () => mosaic.moveFocus(0, 1),
  m: () => mosaic.focused && mosaic.hear(mosaic.focused),
  Enter: () => mosaic.focused && mosaic.enlarge(mosaic.focused),
  Delete: () => mosaic.focused && mosaic.remove(mosaic.focused),
  0: () => mosaic.hear(null),
  a: choose,
  f: toggleFullscreen,
};

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = /** @type {Element} */ (event.target);
  if (target.closest('dialog, input')) return;
  // Enter on a button or a link is for that.
  if (event.key === 'Enter' && target.closest('button, a')) return;
  const cell = /^[1-9]$/.test(event.key) ? mosaic.at(Number(event.key) - 1) : null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = cell ? () => mosaic.hear(cell) : Object.hasOwn(KEYS, key) ? KEYS[key] : null;
  if (!act || mosaic.size === 0) return;
  event.preventDefault();
  act();
}

mosaic.addEventListener('change', show);
for (const id of ['choose', 'first']) byId(id).addEventListener('click', choose);
byId('copy').addEventListener('click', () => void copy());
byId('fullscreen').addEventListener('click', toggleFullscreen);
document.addEventListener('keydown', pressed);
mosaic.view = parseMulti(location.search);
