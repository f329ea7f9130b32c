import { webSocketURL } from '../address.js';
import { dom } from '../dom.js';
import { MseEngine } from '../mse-engine.js';
import { Player } from '../player.js';
import { previewTrack } from './preview-track.js';
import { fetchStream } from './stream-list.js';

/** A preview need not be near the live edge: the server may send much at once, which costs it little. */
const LATENCY = '2s';
/** What cannot be shown is tried again after so many milliseconds. */
const AGAIN = 5_000;
/** How wide the still picture is that stays, in pixels. */
const STILL_WIDTH = 640;

/**
 * How a preview stands: 'none' nothing to look at; 'still' an old picture; 'moving' the live one.
 *
 * @typedef {'none' | 'still' | 'moving'} PreviewState
 */

/**
 * A small moving picture of a stream, without sound, in the smallest of its sizes. While it does not move, its last
 * picture stays. It is a Guest of Turns.
 */
export class Preview {
  /** The element with the picture. */
  element;

  #name;
  #onchange;
  #video = dom('video', { playsinline: '', tabindex: '-1' });
  #still = dom('canvas', { width: '0', height: '0' });
  #player = new Player(this.#video);
  #run = 0;
  #retry = 0;
  #hasStill = false;
  #note = '';

  /**
   * @param {string} name of the stream
   * @param {() => void} onchange state or note have changed
   */
  constructor(name, onchange) {
    this.#name = name;
    this.#onchange = onchange;
    this.#video.muted = true;
    this.element = dom('span', { class: 'preview', 'aria-hidden': 'true' }, this.#still, this.#video);
    this.#player.latency = LATENCY;
    this.#player.addEventListener('statechange', () => this.#changed());
    this.#changed();
  }

  /** @returns {PreviewState} */
  get state() {
    if (isMoving(this.#player)) return 'moving';
    return this.#hasStill ? 'still' : 'none';
  }

  /** Why there is no picture, if anybody should know. */
  get note() {
    return this.#note;
  }

  /** Begins to move. */
  begin() {
    void this.#start(++this.#run);
  }

  /** Stops; the last picture stays. */
  end() {
    this.#run++;
    clearTimeout(this.#retry);
    this.#keepStill();
    this.#player.close();
  }

  /** @param {number} run */
  async #start(run) {
    const answer = await fetchStream(`live/${this.#name}`).catch(() => null);
    if (run !== this.#run) return;
    if (!answer) {
      this.#again();
      return;
    }
    const { track, note } = previewTrack(answer.tracks, (mime) => MseEngine.supports(mime));
    this.#note = note;
    const url = track && webSocketURL(`live/${this.#name}?tracks=${track.number}`, document.baseURI);
    if (url) this.#player.load(url);
    this.#changed();
  }

  #again() {
    const run = this.#run;
    clearTimeout(this.#retry);
    this.#retry = Number(setTimeout(() => run === this.#run && void this.#start(run), AGAIN));
  }

  #keepStill() {
    const { videoWidth, videoHeight } = this.#video;
    if (!videoWidth || this.#player.isEmpty) return;
    const scale = Math.min(1, STILL_WIDTH / videoWidth);
    this.#still.width = Math.round(videoWidth * scale);
    this.#still.height = Math.round(videoHeight * scale);
    this.#still.getContext('2d')?.drawImage(this.#video, 0, 0, this.#still.width, this.#still.height);
    this.#hasStill = true;
  }

  #changed() {
    const { state } = this.#player.status;
    if (state === 'ended' || state === 'failed') {
      this.#keepStill();
      this.#again();
    }
    this.element.dataset.state = this.state;
    this.#onchange();
  }
}

/**
 * @param {Player} player
 * @returns {boolean}
 */
function isMoving({ status, isEmpty }) {
  return !isEmpty && ['live', 'behind', 'stalled', 'reconnecting'].includes(status.state);
}
