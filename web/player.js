import { withLatency } from './address.js';
import { systemClock } from './clock.js';
import { Connection } from './connection.js';
import { FrameWatch } from './frames.js';
import { Intake } from './intake.js';
import { LatencyMeter } from './latency.js';
import { LiveEdge } from './live-edge.js';
import { Media, findMediaSource } from './media.js';
import { MessageError, Type, parseMessage } from './message.js';
import { Playhead } from './playhead.js';
import { parseLatency } from './profile.js';

/** @typedef {import('./message.js').Segment} Segment */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */
/** @typedef {import('./states.js').Status} Status */
/** @typedef {import('./intake.js').Init} Init */

/** More failures of the media than this many within the time, in milliseconds, are final. */
const MAX_FAILURES = 3;
const FAILURES_WITHIN = 30_000;
/** A viewer this many seconds behind is told so. */
const BEHIND = 1;

/**
 * What a Player knows about its playback. Times are in milliseconds.
 *
 * @typedef {object} Stats
 * @property {number | null} latencyMs from the ingress to the screen, or null where it is not known; it supposes that
 *   the clocks of both agree. It is that of the frame shown last, where the browser tells of frames
 * @property {number | null} firstFrameMs from the load to the first frame on the screen, or null
 * @property {number} bufferMs media that lies ahead
 * @property {number} targetMs margin that is steered to
 * @property {number} rate of playback
 * @property {number} droppedFrames
 * @property {number} decodedFrames
 * @property {number} stalls how often playback ran dry
 * @property {number} jumps how often playback was moved forward to the live edge
 * @property {number} reconnects how often the connection was lost
 * @property {number} moves how often another connection took over, as the server wished
 * @property {number} gaps notices of missing chunks, and holes that playback was carried over
 * @property {number} duplicates chunks that came again
 * @property {number} orphans chunks dropped because others that they need are missing
 * @property {number} refused messages that made no sense
 * @property {number} chunks appended
 * @property {number} bytes received
 * @property {TrackInfo[]} tracks that are played
 */

/**
 * Plays one stream in a video element. It has no looks of its own.
 *
 * Events: `statechange` when `status` changes; `error`, a CustomEvent whose detail is `{message, fatal}`.
 */
export class Player extends EventTarget {
  /**
   * How near the live edge the next load is to be: low, balanced (the default), smooth, or a time as in 200ms.
   *
   * @type {string | null}
   */
  latency = null;

  #video;
  #environment;
  #clock;
  #playhead;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Media | null} */
  #media = null;
  #intake;
  #latency = new LatencyMeter();
  /** @type {FrameWatch | null} */
  #frames = null;
  /** @type {{latency: number | null, firstMs: number} | null} */
  #frame = null;
  #loadedAt = 0;
  /** @type {Status} */
  #status = { state: 'idle' };
  /** @type {import('./probe.js').Cause | null} */
  #down = null;
  #ended = false;
  #note = '';
  #shown = false;
  /** @type {number[]} */
  #failures = [];
  #counts = { reconnects: 0, moves: 0, refused: 0, chunks: 0, bytes: 0 };
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./connection.js').Environment} [environment]
   */
  constructor(video, environment = {}) {
    super();
    this.#video = video;
    this.#environment = environment;
    this.#clock = environment.clock ?? systemClock;
    this.#playhead = this.#newPlayhead();
    this.#intake = this.#newIntake();
  }

  /** How things stand. */
  get status() {
    return this.#status;
  }

  /** Whether playback is kept at the live edge. */
  get isFollowing() {
    return this.#playhead.isFollowing;
  }

  /** Whether the browser refuses to start until the viewer asks for it. */
  get isBlocked() {
    return this.#playhead.blocked;
  }

  /** Whether the sound is off only because the browser would not start with it. */
  get isMutedByBrowser() {
    return this.#playhead.mutedByBrowser;
  }

  /** Whether the stream that plays has sound. */
  get hasAudio() {
    return this.#playhead.hasAudio;
  }

  /**
   * How playback goes, as of now.
   *
   * @returns {Stats}
   */
  get stats() {
    const quality = this.#video.getVideoPlaybackQuality?.();
    const { gaps, duplicates, orphans, refused } = this.#intake.counts;
    return {
      latencyMs: this.#frame ? this.#frame.latency : this.#latency.measure(this.#video.currentTime, this.#clock.wall()),
      firstFrameMs: this.#frame?.firstMs ?? null,
      bufferMs: this.#playhead.ahead * 1000,
      targetMs: this.#playhead.target * 1000,
      rate: this.#video.playbackRate,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      decodedFrames: quality?.totalVideoFrames ?? 0,
      stalls: this.#playhead.stalls,
      jumps: this.#playhead.jumps,
      reconnects: this.#counts.reconnects,
      moves: this.#counts.moves,
      gaps: gaps + this.#playhead.holes,
      duplicates,
      orphans,
      refused: this.#counts.refused + refused,
      chunks: this.#counts.chunks,
      bytes: this.#counts.bytes,
      tracks: this.#intake.tracks,
    };
  }

  /**
   * Plays a stream, in place of the one before.
   *
   * @param {string} url a ws or wss URL
   */
  load(url) {
    this.close();
    this.#playhead = this.#newPlayhead();
    const MediaSource = findMediaSource();
    if (!MediaSource) {
      this.#setStatus({ state: 'failed', message: 'This browser cannot play live video (it has no Media Source Extensions)' });
      return;
    }
    this.#listenToPage();
    this.#loadedAt = this.#clock.now();
    this.#frames = new FrameWatch(this.#video, (time, shownAt) => this.#shownFrame(time, shownAt));
    this.#openMedia(MediaSource);
    this.#connection = new Connection(withLatency(url, parseLatency(this.latency).budget), this.#handlers(), this.#environment);
    this.#connection.open();
    this.#refresh();
  }

  /** Stops, and lets go of the video element. */
  close() {
    this.#listening.abort();
    this.#frames?.close();
    this.#frames = this.#frame = null;
    this.#connection?.close();
    this.#connection = null;
    this.#media?.close();
    this.#media = null;
    this.#playhead.close();
    this.#intake = this.#newIntake();
    this.#latency.reset();
    this.#down = null;
    this.#ended = this.#shown = false;
    this.#failures = [];
    this.#counts = { reconnects: 0, moves: 0, refused: 0, chunks: 0, bytes: 0 };
    this.#setStatus({ state: 'idle' });
  }

  /** Plays on. */
  play() {
    this.#playhead.play();
  }

  /** Pauses. The stream still comes in, and playback can go on where it was for about two minutes. */
  pause() {
    this.#playhead.pause();
  }

  /** Goes to the live edge. */
  goLive() {
    this.#playhead.goLive();
  }

  /**
   * Moves within what is buffered.
   *
   * @param {number} seconds
   */
  seekBy(seconds) {
    this.#playhead.seekBy(seconds);
  }

  /** @returns {import('./connection.js').Handlers} */
  #handlers() {
    return {
      after: () => this.#intake.after,
      onopen: () => {
        this.#down = null;
        this.#intake.connected();
        this.#refresh();
      },
      onsegment: (data) => this.#received(data),
      ongap: (gap) => this.#intake.miss(gap),
      onmove: () => this.#counts.moves++,
      ondown: (cause) => {
        if (cause === 'lost') {
          this.#counts.reconnects++;
          this.#intake.disconnected();
        }
        this.#down = cause;
        this.#refresh();
      },
      onend: () => this.#end(),
      onfail: (message) => this.#fail({ state: 'failed', message }),
    };
  }

  /** @param {ArrayBuffer} data */
  #received(data) {
    this.#counts.bytes += data.byteLength;
    try {
      const segment = parseMessage(data);
      if (segment?.type === Type.init && this.#intake.addInit(/** @type {Init} */ (segment))) this.#rebuild();
      if (segment?.type === Type.chunk) this.#chunk(segment);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#counts.refused++;
      this.#dispatchError(error.message, false);
    }
  }

  /** @param {Segment} chunk */
  #chunk(chunk) {
    if (!this.#media || (!this.#media.isStarted && !this.#start(this.#media))) return;
    const verdict = this.#intake.take(chunk);
    if (verdict === 'drop') return;
    if (verdict === 'rebuild' || !this.#append(this.#media, chunk)) this.#rebuild();
  }

  /**
   * Reports whether the chunk could follow what is there.
   *
   * @param {Media} media
   * @param {Segment} chunk
   * @returns {boolean}
   */
  #append(media, chunk) {
    const { track, wallClock, payload } = chunk;
    const init = this.#intake.takeInit(track);
    if (init && !(this.#intake.isChosen(track) && media.appendInit(init.info, init.payload))) return false;
    const place = this.#intake.place(chunk);
    if (!place) return false;
    this.#counts.chunks++;
    if (wallClock && this.#intake.isLead(track)) this.#latency.mark(place.time, wallClock / 1000);
    this.#playhead.setChunk(this.#intake.duration);
    media.append(track, payload, place);
    return true;
  }

  /**
   * Begins with the tracks that are known by now. Reports whether there is anything to play.
   *
   * @param {Media} media
   * @returns {boolean}
   */
  #start(media) {
    if (this.#intake.isEmpty) return false;
    const { tracks, unsupported } = this.#intake.choose();
    if (!tracks.length) {
      this.#unsupported(unsupported);
      return false;
    }
    this.#note = unsupported.length ? `No sound: this browser cannot play ${unsupported[0].codec}` : '';
    if (this.#intake.isSilent) this.#note = 'The sound has stopped';
    this.#playhead.hasAudio = tracks.some((track) => track.kind === 'audio');
    media.start(tracks);
    for (const init of this.#intake.start(tracks)) media.appendInit(init.info, init.payload);
    const { selection } = this.#intake;
    if (selection) this.#connection?.select(selection);
    return true;
  }

  /** @param {TrackInfo[]} tracks */
  #unsupported(tracks) {
    this.#fail({ state: 'unsupported', codec: tracks.map((track) => track.codec).join(', ') });
  }

  #buffered() {
    this.#playhead.filling = this.#media?.isIdle === false;
    if (!this.#playhead.filling) this.#playhead.place();
    this.#playhead.update();
    if (this.#playhead.frozen && this.#intake.giveUpSound()) this.#rebuild();
  }

  /** Begins again with a new MediaSource where the one that plays cannot go on. */
  #rebuild() {
    const MediaSource = findMediaSource();
    if (!this.#media || !MediaSource) return;
    this.#media.close();
    this.#intake.forget();
    this.#latency.reset();
    this.#playhead.reset();
    this.#openMedia(MediaSource);
    this.#connection?.restart();
  }

  /** @param {typeof MediaSource} MediaSource */
  #openMedia(MediaSource) {
    this.#media = new Media(this.#video, MediaSource, {
      onchange: () => this.#buffered(),
      ondrop: (track) => this.#intake.break(track),
      onerror: (error) => this.#mediaFailed(error.message),
    });
  }

  /** @param {string} message */
  #mediaFailed(message) {
    const now = this.#clock.now();
    this.#failures = this.#failures.filter((at) => now - at < FAILURES_WITHIN);
    this.#failures.push(now);
    if (this.#failures.length > MAX_FAILURES) {
      this.#fail({ state: 'failed', message: `This stream cannot be played: ${message}` });
      return;
    }
    this.#dispatchError(message, false);
    this.#rebuild();
  }

  #end() {
    this.#ended = true;
    if (this.#playhead.isPlaced) this.#media?.end();
    this.#refresh();
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

  /** @param {Status} status */
  #fail(status) {
    this.#connection?.close();
    this.#connection = null;
    this.#setStatus(status);
    this.#dispatchError(status.message ?? `codec not supported: ${status.codec}`, true);
  }

  /** Works out how things stand. */
  #refresh() {
    if (!this.#connection) return;
    if (this.#playhead.isPlaced && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#shown = true;
    this.#setStatus(this.#work());
  }

  /** @returns {Status} */
  #work() {
    const playhead = this.#playhead;
    const note = this.#note;
    if (this.#ended && (this.#video.ended || !playhead.isPlaced)) return { state: 'ended' };
    if (this.#down === 'not-found') return { state: 'not-found' };
    if (this.#down === 'unavailable') return { state: 'unavailable' };
    if (this.#down) return { state: this.#shown ? 'reconnecting' : 'connecting', cause: this.#down };
    if (!this.#shown) return { state: 'connecting' };
    if (!playhead.isPlaced) return { state: 'reconnecting' };
    if (playhead.frozen && !this.#ended) return { state: 'stalled', note };
    if (playhead.lag > BEHIND) return { state: 'behind', behind: Math.round(playhead.lag), note };
    return { state: 'live', note };
  }

  /** @param {Status} status */
  #setStatus(status) {
    const before = JSON.stringify(this.#status);
    this.#status = status;
    if (JSON.stringify(status) !== before) this.dispatchEvent(new Event('statechange'));
  }

  /**
   * @param {string} message
   * @param {boolean} fatal
   */
  #dispatchError(message, fatal) {
    this.dispatchEvent(new CustomEvent('error', { detail: { message, fatal } }));
  }

  #newIntake() {
    return new Intake((mime) => findMediaSource()?.isTypeSupported(mime) ?? false, this.#clock.now);
  }

  #newPlayhead() {
    return new Playhead(
      this.#video,
      { onchange: () => this.#refresh(), onstuck: () => this.#mediaFailed('playback does not move') },
      this.#clock,
      new LiveEdge(parseLatency(this.latency).margin),
    );
  }

  #listenToPage() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    globalThis.addEventListener('online', () => this.#connection?.retryNow(), { signal });
    this.#video.addEventListener('error', () => this.#videoFailed(), { signal });
    this.#video.addEventListener('ended', () => this.#refresh(), { signal });
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.hidden) return;
        this.#connection?.retryNow();
        this.#playhead.shown();
      },
      { signal },
    );
  }

  #videoFailed() {
    const { error } = this.#video;
    // Taking the source away from an element is reported as an error without one.
    if (error && this.#media?.isStarted) this.#mediaFailed(error.message || 'the browser could not decode the media');
  }
}
