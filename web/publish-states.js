/**
 * How publishing goes: 'idle' not begun; 'asking' the user is asked for camera and microphone; 'connecting' to the
 * server; 'live'; 'reconnecting' the connection was lost; 'failed' it is over, see the reason.
 *
 * @typedef {'idle' | 'asking' | 'connecting' | 'live' | 'reconnecting' | 'failed'} PublishState
 */

/**
 * Why it is over: 'insecure' the page did not come over HTTPS; 'unsupported' the browser lacks WebCodecs; 'no-screen'
 * it cannot share a screen; 'denied' the user or the browser does not allow it; 'no-device' there is none; 'busy' the
 * device does not work, or another program has it; 'ended' the camera is gone, or the user has stopped sharing; 'taken'
 * somebody else publishes under this name; 'taken-over' somebody has taken it over; 'codec' the server cannot use what
 * this browser encodes; 'encoder' the browser's encoder does not work; 'refused' the server does not want it;
 * 'failed' something else.
 *
 * @typedef {'insecure' | 'unsupported' | 'no-screen' | 'denied' | 'no-device' | 'busy' | 'ended' | 'taken' | 'taken-over' |
 *   'codec' | 'encoder' | 'refused' | 'failed'} Reason
 */

/**
 * @typedef {object} PublishStatus
 * @property {PublishState} state
 * @property {Reason} [reason] why it has failed
 * @property {string} [detail] what the browser or the server says about that
 * @property {string} [device] what it is about: 'camera', 'microphone' or 'screen'
 * @property {boolean} [unreachable] whether the server has not answered up to now
 * @property {string} [note] something that the user should know while it goes on
 */

/** Says why nothing can be published. */
export class PublishError extends Error {
  name = 'PublishError';

  /**
   * @param {Reason} reason
   * @param {string} [detail]
   * @param {string} [device]
   */
  constructor(reason, detail = '', device = '') {
    super(describeFailure({ reason, detail, device }));
    this.reason = reason;
    this.detail = detail;
    this.device = device;
  }
}

/** @type {Record<PublishState, string>} */
const STATES = {
  idle: 'Off',
  asking: 'Waiting for permission',
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  failed: 'Stopped',
};

/** @type {Record<Reason, string>} */
const REASONS = {
  insecure: 'Browsers give a page the camera only over HTTPS, or on the same machine as http://localhost. Open this page there.',
  unsupported:
    'This browser cannot publish: it has no WebCodecs, with which a page encodes live video. Chrome, Edge and Firefox on a computer have it in their current versions.',
  'no-screen': 'This browser cannot share a screen.',
  denied: 'The browser does not let this page use the {device}. Allow it with the icon in the address bar, then try again.',
  'no-device': 'There is no {device} that could be used.',
  busy: 'The {device} does not answer. Another program may be using it.',
  ended: 'The {device} is gone.',
  taken: 'Somebody else is publishing under this name.',
  'taken-over': 'Somebody else has taken this name over.',
  codec: 'The server cannot use what this browser encodes.',
  encoder: 'The encoder of this browser does not work.',
  refused: 'The server does not accept this stream.',
  failed: 'Publishing has failed.',
};

/** What the browser says is worth more than our words here. */
const TELLING = new Set(['encoder', 'refused', 'failed', 'codec']);

/**
 * Returns a few words for a state.
 *
 * @param {PublishStatus} status
 * @returns {string}
 */
export function describeState({ state }) {
  return STATES[state];
}

/**
 * Returns a sentence or two about what the user should know, or '' where there is nothing.
 *
 * @param {PublishStatus} status
 * @returns {string}
 */
export function describeProblem(status) {
  if (status.state === 'failed') return describeFailure(status);
  if (status.state === 'reconnecting') return 'The connection to the server was lost. Trying again.';
  if (status.state === 'connecting' && status.unreachable) {
    return 'The server does not answer. Trying again.';
  }
  return status.note ?? '';
}

/**
 * @param {Pick<PublishStatus, 'reason' | 'detail' | 'device'>} failure
 * @returns {string}
 */
function describeFailure({ reason = 'failed', detail = '', device = '' }) {
  if (reason === 'ended' && device === 'screen') return 'The screen is not shared any more.';
  const text = REASONS[reason].replace('{device}', device || 'camera');
  return detail && TELLING.has(reason) ? `${text} (${detail})` : text;
}
