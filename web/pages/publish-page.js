/** The page that publishes a camera or a screen. */

import { codecName, describeVideo, formatBitrate, formatDelay } from '../format.js';
import { Choices } from './publish-choices.js';
import { LevelMeter } from './publish-level.js';
import { Preview } from './publish-preview.js';
import { Publisher, describeProblem, describeState, findObstacle } from '../publish.js';
import { PublishError } from '../publish-states.js';

/** The figures are read again after this many milliseconds. */
const REFRESH = 1_000;

const name = document.body.dataset.stream ?? '';
const choices = new Choices(element('choices'));
const preview = new Preview(/** @type {HTMLVideoElement} */ (element('preview')));
const level = new LevelMeter(element('level'));
const go = button('go');
const mute = button('mute');
/** @type {Publisher | null} */
let publisher = null;
/** @type {import('../publish-states.js').PublishStatus} */
let status = { state: 'idle' };
let asked = 0;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}

/**
 * @param {string} id
 * @param {string} text
 */
function show(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

/** Shows how things stand. */
function refresh() {
  const { state } = status;
  const on = publisher !== null;
  document.body.dataset.state = state;
  show('state', describeState(status));
  const problem = describeProblem(status);
  show('problem', problem);
  element('problem').hidden = !problem;
  element('problem').classList.toggle('note', state !== 'failed');
  show('go', on ? 'Stop' : preview.stream || choices.isScreen ? 'Start' : `Turn the ${choices.wantsPicture ? 'camera' : 'microphone'} on`);
  go.classList.toggle('stops', on);
  choices.disabled = on;
  const tracks = preview.stream?.getAudioTracks() ?? [];
  mute.disabled = !tracks.length;
  const muted = tracks.length > 0 && tracks.every((track) => !track.enabled);
  mute.setAttribute('aria-pressed', String(muted));
  show('mute', muted ? 'Muted' : 'Mute');
  element('hint').hidden = on;
  element('blank').hidden = preview.hasPicture;
  show('blank', choices.wantsPicture ? BLANK[choices.isScreen ? 'screen' : 'camera'] : BLANK.none);
}

const BLANK = {
  camera: 'Your picture appears here when the camera is on.',
  screen: 'Press Start, and choose what to show.',
  none: 'Sound only',
};

/**
 * Shows what would be published, which needs the user's permission.
 *
 * @returns {Promise<boolean>} whether there is something to publish
 */
async function open() {
  const mine = ++asked;
  level.close();
  preview.close();
  if (choices.wantsNothing) {
    setStatus({ state: 'failed', reason: 'failed', detail: 'choose a picture, a microphone, or both' });
    return false;
  }
  setStatus({ state: 'asking' });
  try {
    const opened = await preview.open(choices.video, choices.audio);
    if (!opened || mine !== asked) return false;
  } catch (error) {
    if (mine !== asked) return false;
    const { reason, detail, device } = error instanceof PublishError ? error : new PublishError('failed', String(error));
    setStatus({ state: 'failed', reason, detail, device });
    await choices.list();
    return false;
  }
  preview.onended = (device) => ended(device);
  level.open(preview.stream);
  setStatus({ state: 'idle' });
  await choices.list(preview.stream);
  return true;
}

/** @param {string} device */
function ended(device) {
  // While the stream is on the Publisher says it.
  if (publisher) return;
  preview.close();
  level.close();
  setStatus(device === 'screen' ? { state: 'idle' } : { state: 'failed', reason: 'ended', device });
}

/** @param {import('../publish-states.js').PublishStatus} next */
function setStatus(next) {
  status = next;
  refresh();
}

async function start() {
  // A screen is chosen anew each time: the user has to know what is shown.
  if ((choices.isScreen || !preview.stream) && !(await open())) return;
  if (!preview.stream || publisher) return;
  publisher = new Publisher({
    url: `publish/${name}${location.search}`,
    video: choices.video,
    audio: choices.audio,
    stream: preview.stream,
  });
  publisher.addEventListener('statechange', () => changed());
  publisher.start();
  refresh();
}

function changed() {
  if (!publisher) return;
  const next = publisher.status;
  if (next.state === 'failed') {
    publisher = null;
    if (next.reason === 'ended') close();
  }
  setStatus(next);
}

function stop() {
  publisher?.stop();
  publisher = null;
  if (choices.isScreen) close();
  setStatus({ state: 'idle' });
}

function close() {
  preview.close();
  level.close();
}

function toggleMute() {
  const tracks = preview.stream?.getAudioTracks() ?? [];
  const on = tracks.some((track) => track.enabled);
  for (const track of tracks) track.enabled = !on;
  refresh();
}

/** Another choice shows at once; a screen only when it is to be published, as the user has to pick it. */
async function choose() {
  if (choices.isScreen) {
    close();
    setStatus({ state: 'idle' });
    return;
  }
  await open();
}

async function copy() {
  const { href } = /** @type {HTMLAnchorElement} */ (element('watch'));
  try {
    await navigator.clipboard.writeText(href);
    show('copied', 'Copied');
  } catch {
    // A page may be kept from the clipboard; the link itself is there.
    show('copied', 'Copy it from the link, please');
  }
  setTimeout(() => show('copied', ''), 3_000);
}

function showFacts() {
  const stats = status.state === 'live' ? publisher?.stats : undefined;
  const { codec = '', width = 0, height = 0, frameRate = 0, encoderDelay = null, audioCodec = '' } = stats ?? {};
  const muted = mute.getAttribute('aria-pressed') === 'true';
  show('picture', codec ? describeVideo({ number: 1, kind: 'video', codec, width, height, frameRate: Math.round(frameRate) }) : '–');
  show('sound', audioCodec ? codecName(audioCodec) + (muted ? ', muted' : '') : '–');
  show('sent', stats ? formatBitrate(stats.bitrate) : '–');
  show('delay', encoderDelay === null ? '–' : formatDelay(encoderDelay));
  show('dropped', stats ? String(stats.dropped) : '–');
}

go.addEventListener('click', () => void (publisher ? stop() : preview.stream || choices.isScreen ? start() : open()));
mute.addEventListener('click', toggleMute);
button('copy').addEventListener('click', () => void copy());
choices.onchange = () => void choose();
setInterval(showFacts, REFRESH);
globalThis.addEventListener('pagehide', () => publisher && stop());

const obstacle = findObstacle();
if (obstacle) {
  choices.disabled = true;
  const { reason, detail, device } = obstacle;
  setStatus({ state: 'failed', reason, detail, device });
  choices.disabled = true;
} else {
  go.disabled = false;
  choices.read();
  refresh();
  // Who has allowed the camera before needs no question.
  if (await choices.isAllowed()) await open();
  else await choices.list();
}
