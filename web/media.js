import { takeSource } from './early-media.js';
import { TrackBuffer } from './track-buffer.js';
import { mimeType } from './tracks.js';

/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * Where a chunk belongs on the element's time line.
 *
 * @typedef {object} Place
 * @property {number} time decode time in seconds, offset added
 * @property {number} offset what is added to the times in the chunk, in seconds
 * @property {boolean} first whether it begins a group
 */

/**
 * What a ManagedMediaSource has beyond a MediaSource.
 *
 * @typedef {MediaSource & {streaming?: boolean}} ManagedSource
 */

/**
 * @typedef {object} MediaHandlers
 * @property {() => void} onchange what is buffered has changed
 * @property {(track: number) => void} ondrop chunks of a track were dropped: only one which begins a group can follow
 * @property {() => void} onfull the browser has no room for more; old media is removed
 * @property {(error: Error) => void} onerror playback cannot go on with this Media
 */

/**
 * Returns the browser's MediaSource, or ManagedMediaSource where that is all there is (iPhone), or null.
 *
 * @returns {typeof MediaSource | null}
 */
export function findMediaSource() {
  const scope = /** @type {{MediaSource?: typeof MediaSource, ManagedMediaSource?: typeof MediaSource}} */ (globalThis);
  return scope.MediaSource ?? scope.ManagedMediaSource ?? null;
}

/**
 * The media of one video element: a MediaSource with a TrackBuffer for each track. It opens at once, so that it is
 * ready when the tracks are known. All tracks come with start, because Chromium refuses one that comes after the
 * first media; with other tracks, another Media is needed.
 */
export class Media {
  #video;
  #handlers;
  #soundLag;
  /** @type {ManagedSource} */
  #source;
  #url;
  /** @type {Map<number, TrackBuffer>} */
  #buffers = new Map();
  #started = false;
  #ending = false;
  #closed = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {typeof MediaSource} MediaSource
   * @param {MediaHandlers} handlers
   * @param {number} [soundLag] how long after its picture sound is to be played, in seconds
   */
  constructor(video, MediaSource, handlers, soundLag = 0) {
    this.#video = video;
    this.#handlers = handlers;
    this.#soundLag = soundLag;
    const early = takeSource(video);
    this.#source = early ?? new MediaSource();
    this.#source.addEventListener('sourceopen', () => this.#opened());
    this.#source.addEventListener('startstreaming', () => this.#stream(true));
    this.#source.addEventListener('endstreaming', () => this.#stream(false));
    // A ManagedMediaSource does not open while the picture could go to another device.
    if ('streaming' in this.#source) video.disableRemotePlayback = true;
    this.#url = early ? video.src : URL.createObjectURL(this.#source);
    if (!early) video.src = this.#url;
  }

  /** Whether the tracks are known. */
  get isStarted() {
    return this.#started;
  }

  /** Whether nothing waits to be appended. */
  get isIdle() {
    return [...this.#buffers.values()].every((buffer) => buffer.isIdle);
  }

  /** What is buffered, for each track. */
  get ranges() {
    return new Map([...this.#buffers].map(([track, buffer]) => [track, buffer.ranges]));
  }

  /**
   * Sets the tracks. Their init segments follow with appendInit.
   *
   * @param {TrackInfo[]} tracks
   */
  start(tracks) {
    if (!tracks.some((track) => track.kind === 'video')) this.#soundLag = 0;
    for (const track of tracks) this.#buffers.set(track.number, this.#newBuffer(track));
    this.#started = true;
    this.#attach();
  }

  /**
   * Queues an init segment. That of another track of the same kind lets that one take the place of the one before.
   * Reports whether that could be done: not with another codec in a browser that has no SourceBuffer.changeType.
   *
   * @param {TrackInfo} track
   * @param {Uint8Array<ArrayBuffer>} data
   * @returns {boolean}
   */
  appendInit(track, data) {
    const mime = mimeType(track);
    const entry = this.#find(track);
    if (!entry) return true;
    const [number, buffer] = entry;
    if (codecOf(buffer.mime) !== codecOf(mime) && !('changeType' in SourceBuffer.prototype)) return false;
    this.#buffers.delete(number);
    this.#buffers.set(track.number, buffer);
    buffer.appendInit(data, mime);
    return true;
  }

  /**
   * Returns the buffer that media of a track goes to, with the number of the track that it has now.
   *
   * @param {TrackInfo} track
   */
  #find(track) {
    const entries = [...this.#buffers];
    return entries.find(([number]) => number === track.number) ?? entries.find(([, buffer]) => kindOf(buffer.mime) === track.kind);
  }

  /**
   * Queues a chunk.
   *
   * @param {number} track
   * @param {Uint8Array<ArrayBuffer>} data
   * @param {Place} place
   */
  append(track, data, place) {
    const buffer = this.#buffers.get(track);
    buffer?.append(data, kindOf(buffer.mime) === 'audio' ? later(place, this.#soundLag) : place);
  }

  /** Lets playback end with what has been queued. */
  end() {
    this.#ending = true;
    this.#finish();
  }

  /** Lets go of the video element. */
  close() {
    this.#closed = true;
    for (const buffer of this.#buffers.values()) buffer.close();
    URL.revokeObjectURL(this.#url);
    if (this.#video.src === this.#url) {
      this.#video.removeAttribute('src');
      this.#video.load();
    }
  }

  #opened() {
    URL.revokeObjectURL(this.#url);
    this.#attach();
  }

  #attach() {
    if (this.#closed || !this.#started || this.#source.readyState !== 'open' || this.#source.sourceBuffers.length) return;
    try {
      // All are added before the first one is fed.
      const added = [...this.#buffers.values()].map((buffer) => this.#source.addSourceBuffer(buffer.mime));
      [...this.#buffers.values()].forEach((buffer, i) => buffer.attach(added[i]));
    } catch (error) {
      this.#handlers.onerror(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {TrackInfo} track
   * @returns {TrackBuffer}
   */
  #newBuffer(track) {
    const buffer = new TrackBuffer(mimeType(track), {
      playhead: () => this.#video.currentTime,
      onchange: () => this.#changed(),
      ondrop: () => this.#dropped(buffer),
      onfull: () => this.#handlers.onfull(),
      onerror: (error) => this.#handlers.onerror(error),
    });
    buffer.setPaused(this.#source.streaming === false);
    return buffer;
  }

  /** @param {TrackBuffer} buffer */
  #dropped(buffer) {
    for (const [number, other] of this.#buffers) if (other === buffer) this.#handlers.ondrop(number);
  }

  #changed() {
    if (this.#closed) return;
    this.#handlers.onchange();
    this.#finish();
  }

  #finish() {
    if (this.#closed || !this.#ending || !this.isIdle || this.#source.readyState !== 'open') return;
    this.#ending = false;
    this.#source.endOfStream();
  }

  /** @param {boolean} on */
  #stream(on) {
    for (const buffer of this.#buffers.values()) buffer.setPaused(!on);
  }
}

/**
 * Returns what of a type says which decoder it needs: not its profile and level.
 *
 * @param {string} mime
 */
function codecOf(mime) {
  return mime.replace(/\..*/, '');
}

/**
 * Returns what a type is of: video or audio.
 *
 * @param {string} mime
 */
function kindOf(mime) {
  return mime.slice(0, mime.indexOf('/'));
}

/**
 * Returns a place some seconds later.
 *
 * @param {Place} place
 * @param {number} seconds
 * @returns {Place}
 */
function later(place, seconds) {
  return { ...place, time: place.time + seconds, offset: place.offset + seconds };
}
