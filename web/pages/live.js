/** The page of one stream: it shows under the player what there is to know. */

import { describeAudio, describeVideo, formatBitrate, formatDelay } from '../format.js';
import { announce } from '../states.js';
import { fillShare } from './share.js';

/** @typedef {import('../element.js').LivewsPlayerElement} LivewsPlayerElement */

/** The facts are read again after this many milliseconds. */
const REFRESH = 1_000;

fillShare(/** @type {HTMLElement} */ (document.getElementById('share')), document.body.dataset.stream ?? '');
await customElements.whenDefined('livews-player');
const player = /** @type {LivewsPlayerElement} */ (document.getElementById('player'));
let before = { bytes: 0, at: performance.now() };

/**
 * @param {string} id
 * @param {string} text
 */
function show(id, text) {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) element.textContent = text;
}

function showTracks() {
  const { tracks } = player.stats;
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  show('picture', video ? describeVideo(video) : '–');
  show('sound', audio ? describeAudio(audio) : player.status.note || (video ? 'None' : '–'));
}

function showState() {
  const { status } = player;
  showTracks();
  show('state', status.state === 'behind' ? `${status.behind} s behind live` : announce({ ...status, note: '' }).split('. ')[0] || 'Idle');
}

function showFacts() {
  if (document.hidden) return;
  showTracks();
  const { latencyMs, bytes } = player.stats;
  show('delay', latencyMs === null || player.paused ? '–' : formatDelay(latencyMs));
  const now = performance.now();
  // After a fresh start of the player the count is lower than before.
  const bits = (Math.max(0, bytes - before.bytes) * 8) / ((now - before.at) / 1000);
  before = { bytes, at: now };
  show('bitrate', bits > 0 ? formatBitrate(bits) : '–');
}

player.addEventListener('statechange', showState);
document.addEventListener('keydown', (event) => {
  if (event.target === document.body) player.handleKey(event);
});
setInterval(showFacts, REFRESH);
showState();
