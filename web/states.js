/**
 * How a Player stands: 'idle' nothing to play; 'connecting' no picture yet; 'live' at the live edge; 'behind' playing
 * what is older; 'stalled' connected, but nothing to show comes; 'reconnecting' the connection broke and is tried
 * again; 'unavailable' the server cannot reach the stream's source; 'not-found' the server does not know the stream
 * (it is asked again, slowly); 'ended' the stream is over; 'unsupported' the browser cannot play the codec; 'failed'
 * it cannot be played for another reason.
 *
 * @typedef {'idle' | 'connecting' | 'live' | 'behind' | 'stalled' | 'reconnecting' | 'unavailable' | 'not-found' |
 *   'ended' | 'unsupported' | 'failed'} State
 */

/**
 * @typedef {object} Status
 * @property {State} state
 * @property {number} [behind] how far behind the live edge, in whole seconds
 * @property {string} [codec] what is not supported
 * @property {string} [message] why it failed
 * @property {string} [note] something that a viewer should know while it plays
 * @property {import('./probe.js').Cause} [cause] why there is no connection
 */

/**
 * What a viewer is told.
 *
 * @typedef {object} Notice
 * @property {string} title a few words; empty when there is nothing to tell
 * @property {string} text one sentence more, or empty
 * @property {boolean} busy whether something is being done about it
 * @property {boolean} retry whether the viewer can only try again
 */

/** @type {Record<State, Notice>} */
const NOTICES = {
  idle: { title: '', text: '', busy: false, retry: false },
  connecting: { title: 'Connecting', text: '', busy: true, retry: false },
  live: { title: '', text: '', busy: false, retry: false },
  behind: { title: '', text: '', busy: false, retry: false },
  stalled: { title: 'Waiting for the stream', text: 'No new pictures are arriving at the moment.', busy: true, retry: false },
  reconnecting: { title: 'Reconnecting', text: 'The connection was lost.', busy: true, retry: false },
  unavailable: {
    title: 'Stream unavailable',
    text: 'The server cannot reach its source right now. Trying again.',
    busy: true,
    retry: false,
  },
  'not-found': {
    title: 'Stream not found',
    text: 'There is no stream of this name. It will start here when it appears.',
    busy: false,
    retry: false,
  },
  ended: { title: 'Stream ended', text: '', busy: false, retry: true },
  unsupported: { title: 'Codec not supported', text: '', busy: false, retry: false },
  failed: { title: 'Cannot play this stream', text: '', busy: false, retry: true },
};

/** @type {Record<string, string>} */
const CAUSES = {
  unreachable: 'The server does not answer. Trying again.',
  refused: 'The server answers, but does not accept a live connection. Trying again.',
};

/**
 * Returns what to show a viewer over the picture.
 *
 * @param {Status} status
 * @returns {Notice}
 */
export function describe(status) {
  const notice = NOTICES[status.state];
  if (status.state === 'unsupported') return { ...notice, text: `This browser cannot play ${status.codec}.` };
  if (status.message) return { ...notice, text: status.message };
  const text = CAUSES[status.cause ?? ''];
  return text ? { ...notice, text } : notice;
}

/**
 * Returns the words for the badge that says how live the picture is, or '' where there is no picture.
 *
 * @param {Status} status
 * @param {boolean} paused
 * @returns {string}
 */
export function badge(status, paused) {
  if (status.state === 'behind' || (status.state === 'live' && paused)) return 'Go live';
  return status.state === 'live' ? 'Live' : '';
}

/**
 * Returns a sentence for a screen reader.
 *
 * @param {Status} status
 * @returns {string}
 */
export function announce(status) {
  if (status.state === 'live') return status.note ? `Live. ${status.note}.` : 'Live';
  if (status.state === 'behind') return 'Behind live';
  const { title, text } = describe(status);
  return [title, text].filter(Boolean).join('. ');
}
