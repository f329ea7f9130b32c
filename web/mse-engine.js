import { Backlog } from './backlog.js';
import { FrameWatch } from './frames.js';
import { LatencyMeter } from './latency.js';
import { LiveEdge } from './live-edge.js';
import { Media, findMediaSource } from './media.js';
import { Playhead } from './playhead.js';
import { soundLag } from './chromium-sound.js';

/** @typedef {import('./engine.js').Engine} Engine */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * Plays with Media Source Extensions in a video element.
 *
 * @implements {Engine}
 */
export class MseEngine {
  #video;
  #handlers;
  #clock;
  #playhead;
  /** @type {Media} */
  #media;
  #latency = new LatencyMeter();
  #frames;
  /** @type {{latency: number | null, firstMs: number} | null} */
  #frame = null;
  #backlog = new Backlog();
  #makeshifts = { room: 0, overflow: 0 };
  #loadedAt;
  #margin;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./engine.js').EngineHandlers} handlers
   * @param {import('./clock.js').Clock} clock
   * @param {number} margin how much media is to lie ahead when it is least, in seconds
   */
  constructor(video, handlers, clock, margin) {
    this.#video = video;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#margin = margin;
    this.#loadedAt = clock.now();
    this.#playhead = new Playhead(
      video,
      { onchange: handlers.onchange, onstuck: () => handlers.onerror('playback does not move') },
      clock,
      new LiveEdge(margin),
    );
    this.#frames = new FrameWatch(video, (time, shownAt) => this.#shownFrame(time, shownAt));
    const { signal } = this.#listening;
    video.addEventListener('error', () => this.#failed(), { signal });
    video.addEventListener('ended', () => handlers.onchange(), { signal });
    this.#media = this.#newMedia();
  }

  /** Whether this browser has what it takes. */
  static get isSupported() {
    return findMediaSource() !== null;
  }

  /**
   * Reports whether this browser plays a type.
   *
   * @param {string} mime
   * @returns {boolean}
   */
  static supports(mime) {
    return findMediaSource()?.isTypeSupported(mime) ?? false;
  }

  get surface() {
    return this.#video;
  }

  get paused() {
    return this.#video.paused;
  }

  get isEmpty() {
    return this.#video.readyState === HTMLMediaElement.HAVE_NOTHING;
  }

  get isStarted() {
    return this.#media.isStarted;
  }

  get isPlaced() {
    return this.#playhead.isPlaced;
  }

  get hasPicture() {
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  get isFollowing() {
    return this.#playhead.isFollowing;
  }

  get isBlocked() {
    return this.#playhead.blocked;
  }

  get isMutedByBrowser() {
    return this.#playhead.mutedByBrowser;
  }

  get isFrozen() {
    return this.#playhead.frozen;
  }

  get isOver() {
    return this.#video.ended;
  }

  get hasAudio() {
    return this.#playhead.hasAudio;
  }

  get lag() {
    return this.#playhead.lag;
  }

  /** @returns {import('./engine.js').EngineStats} */
  get stats() {
    const quality = this.#video.getVideoPlaybackQuality?.();
    return {
      latencyMs: this.#frame ? this.#frame.latency : this.#latency.measure(this.#video.currentTime, this.#clock.wall()),
      firstFrameMs: this.#frame?.firstMs ?? null,
      bufferMs: this.#playhead.ahead * 1000,
      targetMs: this.#playhead.target * 1000,
      rate: this.#video.playbackRate,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      decodedFrames: quality?.totalVideoFrames ?? 0,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      stalls: this.#playhead.stalls,
      jumps: this.#playhead.jumps,
      holes: this.#playhead.holes,
      recoveries: { hole: this.#playhead.holes, ...this.#playhead.recoveries, ...this.#makeshifts },
    };
  }

  /** @param {TrackInfo[]} tracks */
  start(tracks) {
    this.#playhead.hasAudio = tracks.some((track) => track.kind === 'audio');
    this.#media.start(tracks);
  }

  /**
   * @param {TrackInfo} info
   * @param {Uint8Array<ArrayBuffer>} payload
   */
  appendInit(info, payload) {
    return this.#media.appendInit(info, payload);
  }

  /** @param {import('./engine.js').Piece} chunk */
  append({ track, payload, place, wallClock, burst, more }) {
    this.#backlog.arrived(more, this.#clock.now());
    if (wallClock) this.#latency.mark(place.time, wallClock);
    this.#playhead.setBurst(burst);
    this.#media.append(track, payload, place);
  }

  restart() {
    this.#media.close();
    this.#latency.reset();
    this.#playhead.reset();
    this.#backlog.reset();
    this.#media = this.#newMedia();
  }

  end() {
    if (this.#playhead.isPlaced) this.#media.end();
  }

  play() {
    this.#playhead.play();
  }

  pause() {
    this.#playhead.pause();
  }

  goLive() {
    this.#playhead.goLive();
  }

  /** @param {number} seconds */
  seekBy(seconds) {
    this.#playhead.seekBy(seconds);
  }

  /** @param {import('./profile.js').Profile} profile */
  aim({ margin, budget }) {
    this.#margin = margin;
    this.#playhead.aim(margin, budget / 1000);
  }

  shown() {
    this.#playhead.shown();
  }

  close() {
    this.#listening.abort();
    this.#frames.close();
    this.#media.close();
    this.#playhead.close();
  }

  #newMedia() {
    const MediaSource = findMediaSource();
    if (!MediaSource) throw new Error('this browser has no Media Source Extensions');
    const handlers = {
      onchange: () => this.#buffered(),
      ondrop: (/** @type {number} */ track) => {
        this.#makeshifts.overflow++;
        this.#handlers.ondrop(track);
      },
      onfull: () => this.#makeshifts.room++,
      onerror: (/** @type {Error} */ error) => this.#handlers.onerror(error.message),
    };
    return new Media(this.#video, MediaSource, handlers, soundLag(this.#margin));
  }

  #buffered() {
    this.#playhead.filling = !this.#media.isIdle || this.#backlog.isComing(this.#clock.now());
    if (!this.#playhead.filling) this.#playhead.place();
    this.#playhead.update();
    this.#handlers.onbuffered();
  }

  /**
   * @param {number} time
   * @param {number} shownAt
   */
  #shownFrame(time, shownAt) {
    const wall = this.#clock.wall() + shownAt - this.#clock.now();
    if (!this.#frame) performance.mark('livews-first-frame', { startTime: shownAt });
    const firstMs = this.#frame?.firstMs ?? shownAt - this.#loadedAt;
    this.#frame = { latency: this.#latency.measure(time, wall), firstMs };
  }

  #failed() {
    const { error } = this.#video;
    // Taking the source away from an element is reported as an error without one.
    if (error && this.#media.isStarted) this.#handlers.onerror(error.message || 'the browser could not decode the media');
  }
}
