import { SEEN_AFTER } from './codec-heard.js';
import { openStage } from './codec-host.js';
import { Speaker } from './codec-speaker.js';

/** @typedef {import('./engine.js').Engine} Engine */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */
/** @typedef {import('./codec-stage.js').Standing} Standing */

/** What a margin of Media Source Extensions holds for the browser's own sake, in seconds: here it need not. */
const BROWSER = 0.075;
/** The least margin: a picture may be this late, in seconds, without being seen later. */
const LEAST = -0.01;
/** What the sound needs besides, in seconds: audio devices take it in pieces. */
const FOR_SOUND = 0.015;
const REFRESH = SEEN_AFTER * 1000;
/** A picture that has stood for this long stands still, in milliseconds. */
const FROZEN_AFTER = 1_000;

/** @type {Standing} */
const NOTHING = {
  placed: false, over: false, lag: 0, latencyMs: null, drawnAt: 0, skewMs: null, width: 0, height: 0, bufferMs: 0, targetMs: 0, rate: 1, drawn: 0, dropped: 0,
  sounds: 0, stalls: 0, jumps: 0,
};

/**
 * Plays with WebCodecs: pictures go to a canvas, which takes the place of the video element, and sound to an audio
 * worklet. It is nearer to the live edge than Media Source Extensions let a page be, and remembers nothing: after a
 * pause it goes on at the live edge, and seekBy does nothing.
 *
 * @implements {Engine}
 */
export class CodecEngine {
  paused = false;
  isMutedByBrowser = false;
  isFrozen = false;
  hasAudio = false;
  isStarted = false;
  #hasVideo = true;
  #video;
  #canvas;
  #handlers;
  #clock;
  #host;
  #speaker;
  #standing = NOTHING;
  /** @type {number | null} */
  #firstMs = null;
  #loadedAt;
  #watchdog = 0;
  /** How often a group was given up. */
  #lost = 0;
  #closed = false;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video which has a parent
   * @param {import('./engine.js').EngineHandlers} handlers
   * @param {import('./clock.js').Clock} clock
   * @param {number} margin as Media Source Extensions would have it, in seconds
   */
  constructor(video, handlers, clock, margin) {
    this.#video = video;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#loadedAt = clock.now();
    this.#canvas = this.#newCanvas();
    const own = ownMargin(margin);
    this.#host = openStage(this.#canvas, own, (report) => this.#told(report));
    this.#speaker = this.#newSpeaker(soundMargin(own));
    const { signal } = this.#listening;
    document.addEventListener('visibilitychange', () => this.#idle(), { signal });
    video.addEventListener('volumechange', () => (this.isMutedByBrowser &&= video.muted), { signal });
    this.#idle();
  }

  /**
   * Says why this browser cannot, or returns null.
   *
   * @returns {string | null}
   */
  static get missing() {
    if (!globalThis.isSecureContext) return 'the page is not secure (https)';
    const wanted = ['VideoDecoder', 'AudioDecoder', 'AudioWorkletNode'];
    const missing = wanted.find((name) => !(name in globalThis));
    return missing ? `the browser has no ${missing}` : null;
  }

  get surface() {
    return this.#canvas;
  }

  get isPlaced() {
    return this.#standing.placed;
  }

  get isEmpty() {
    return this.#hasVideo ? this.#standing.drawn === 0 : !this.isPlaced;
  }

  get hasPicture() {
    return !this.isEmpty;
  }

  get isFollowing() {
    return !this.paused;
  }

  /** The picture can always be shown: without the sound, if need be. */
  get isBlocked() {
    return false;
  }

  get isOver() {
    return this.#standing.over;
  }

  get lag() {
    return this.#standing.lag;
  }

  /** @returns {import('./engine.js').EngineStats} */
  get stats() {
    const { latencyMs, bufferMs, targetMs, rate, drawn, dropped, stalls, jumps, sounds, skewMs, width, height } = this.#standing;
    const lost = this.#lost;
    return {
      latencyMs: latencyMs === null ? null : latencyMs + REFRESH,
      firstFrameMs: this.#firstMs,
      bufferMs,
      targetMs,
      rate,
      droppedFrames: dropped,
      decodedFrames: drawn + dropped,
      decodedSounds: sounds,
      skewMs,
      width,
      height,
      stalls,
      jumps,
      holes: 0,
      recoveries: { hole: 0, dry: stalls, nudge: 0, room: 0, overflow: lost },
    };
  }

  /** @param {TrackInfo[]} tracks */
  start(tracks) {
    const sound = tracks.find((track) => track.kind === 'audio');
    this.isStarted = true;
    this.hasAudio = sound !== undefined;
    this.#hasVideo = tracks.some((track) => track.kind === 'video');
    if (sound) this.#speaker.setTrack(sound);
    this.#speaker.wanted = this.hasAudio && !this.paused;
  }

  /**
   * @param {TrackInfo} info
   * @param {Uint8Array<ArrayBuffer>} payload
   */
  appendInit(info, payload) {
    this.#host.send({ do: 'init', info, payload });
    return true;
  }

  /** @param {import('./engine.js').Piece} piece */
  append(piece) {
    // The worker gets the memory itself: nobody else reads a chunk.
    this.#host.send({ do: 'chunk', piece }, [piece.payload.buffer]);
  }

  restart() {
    this.isStarted = false;
    this.#host.send({ do: 'restart' });
  }

  end() {
    this.#host.send({ do: 'end' });
  }

  play() {
    if (!this.paused) return;
    this.#setPaused(false);
  }

  pause() {
    this.#setPaused(true);
  }

  goLive() {
    if (this.paused) this.#setPaused(false);
    else this.#host.send({ do: 'live' });
  }

  /** Does nothing: what has been shown is gone. */
  seekBy() {}

  /** @param {import('./profile.js').Profile} profile */
  aim({ margin, budget }) {
    const own = ownMargin(margin);
    this.#host.send({ do: 'aim', margin: own, hold: budget / 1000 });
    this.#speaker.aim(soundMargin(own), budget / 1000);
  }

  /** Does nothing: it has seen so itself. */
  shown() {}

  close() {
    this.#closed = true;
    this.#listening.abort();
    this.#clock.clearTimeout(this.#watchdog);
    this.#speaker.close();
    this.#host.close();
    this.#canvas.remove();
    this.#video.hidden = false;
  }

  #newCanvas() {
    const canvas = document.createElement('canvas');
    canvas.part.value = this.#video.part.value;
    canvas.className = this.#video.className;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', this.#video.getAttribute('aria-label') ?? 'Live video');
    this.#video.after(canvas);
    this.#video.hidden = true;
    return canvas;
  }

  /** @param {number} margin */
  #newSpeaker(margin) {
    return new Speaker(
      this.#video,
      {
        onport: (port) => this.#host.send({ do: 'sound', port }, [port]),
        onaloud: (aloud, latency) => this.#host.send({ do: 'aloud', aloud, latency }),
        onrefused: () => this.#refused(),
        onerror: (message) => this.#handlers.onunsupported(message),
      },
      this.#clock,
      margin,
    );
  }

  #refused() {
    this.isMutedByBrowser = true;
    this.#video.muted = true;
    this.#handlers.onchange();
  }

  /** @param {boolean} paused */
  #setPaused(paused) {
    if (this.paused === paused) return;
    this.paused = paused;
    this.isFrozen = false;
    this.#speaker.wanted = this.hasAudio && !paused;
    this.#idle();
    this.#handlers.onplaychange();
    this.#handlers.onchange();
  }

  #idle() {
    this.#host.send({ do: 'idle', paused: this.paused, hidden: document.hidden });
    this.#watch();
  }

  /** @param {import('./codec-stage.js').Report} report */
  #told(report) {
    if (this.#closed) return;
    if ('unsupported' in report) this.#handlers.onunsupported(report.unsupported);
    else if ('lost' in report) this.#lose(report.lost);
    else this.#stands(report.standing);
  }

  /** @param {number} track */
  #lose(track) {
    this.#lost++;
    this.#handlers.ondrop(track);
  }

  /** @param {Standing} standing */
  #stands(standing) {
    const before = this.#standing;
    this.#standing = standing;
    if (standing.drawnAt !== before.drawnAt) this.#drawn(before.drawn === 0);
    this.#handlers.onchange();
    this.#handlers.onbuffered();
  }

  /** @param {boolean} first */
  #drawn(first) {
    this.isFrozen = false;
    this.#watch();
    if (!first) return;
    // A wall clock may be set at any time.
    const ago = Math.min(Math.max(this.#clock.wall() - this.#standing.drawnAt, 0), this.#clock.now() - this.#loadedAt);
    const at = this.#clock.now() - ago + REFRESH;
    this.#firstMs = at - this.#loadedAt;
    performance.mark('livews-first-frame', { startTime: at });
    this.#handlers.onplaychange();
  }

  /** Watches whether the picture moves while it should. */
  #watch() {
    this.#clock.clearTimeout(this.#watchdog);
    if (this.paused || document.hidden || this.isEmpty || !this.#hasVideo) return;
    this.#watchdog = this.#clock.setTimeout(() => {
      this.isFrozen = true;
      this.#handlers.onchange();
      this.#handlers.onbuffered();
    }, FROZEN_AFTER);
  }
}

/**
 * @param {number} margin as Media Source Extensions would have it, in seconds
 * @returns {number}
 */
function ownMargin(margin) {
  return Math.max(margin - BROWSER, LEAST);
}

/**
 * @param {number} margin of the picture, in seconds
 * @returns {number}
 */
function soundMargin(margin) {
  return Math.max(margin, 0) + FOR_SOUND;
}
