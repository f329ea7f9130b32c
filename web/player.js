import { checkInit } from './boxes.js';
import { systemClock } from './clock.js';
import { Connection } from './connection.js';
import { Feed } from './feed.js';
import { LatencyMeter } from './latency.js';
import { Media, findMediaSource } from './media.js';
import { Flag, MessageError, Type, parseMessage } from './message.js';
import { Playhead } from './playhead.js';
import { Timeline } from './timeline.js';
import { chooseTracks } from './tracks.js';

/** @typedef {import('./message.js').Segment} Segment */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */
/** @typedef {import('./states.js').Status} Status */
/** @typedef {Segment & {info: TrackInfo}} Init */

/** The most tracks of a stream that are looked at. */
const MAX_TRACKS = 64;
/** More failures of the media than this many within the time, in milliseconds, are final. */
const MAX_FAILURES = 3;
const FAILURES_WITHIN = 30_000;
/** A viewer this many seconds behind is told so. */
const BEHIND = 1;
/** The sound has stopped when none has come for this many milliseconds while pictures did. */
const SILENT_AFTER = 2_000;
/** It is back when it is no more than this many seconds away from the picture. */
const IN_STEP = 1;
/** When only chunks come that were here before for this many milliseconds, the stream has been set back. */
const STALE_AFTER = 10_000;

/**
 * What a Player knows about its playback. Times are in milliseconds.
 *
 * @typedef {object} Stats
 * @property {number | null} latencyMs from the ingress to the screen, or null where it is not known; it supposes that
 *   the clocks of both agree
 * @property {number} bufferMs media that lies ahead
 * @property {number} targetMs margin that is steered to
 * @property {number} rate of playback
 * @property {number} droppedFrames
 * @property {number} decodedFrames
 * @property {number} stalls how often playback ran dry
 * @property {number} jumps how often playback was moved forward to the live edge
 * @property {number} reconnects
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
  #video;
  #environment;
  #clock;
  #playhead;
  /** @type {Connection | null} */
  #connection = null;
  /** @type {Media | null} */
  #media = null;
  /** @type {Map<number, Init>} */
  #inits = new Map();
  /**
   * Tracks which have stopped while others go on.
   *
   * @type {Set<number>}
   */
  #silent = new Set();
  /** @type {Map<number, Feed>} */
  #feeds = new Map();
  #timeline = new Timeline();
  #latency = new LatencyMeter();
  /** @type {Status} */
  #status = { state: 'idle' };
  /** @type {import('./probe.js').Cause | null} */
  #down = null;
  #ended = false;
  #note = '';
  #shown = false;
  #acceptedAt = 0;
  #newest = 0;
  /** @type {number[]} */
  #failures = [];
  #counts = { reconnects: 0, gaps: 0, refused: 0, chunks: 0, bytes: 0 };
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
    const feeds = [...this.#feeds.values()];
    const sum = (/** @type {'duplicates' | 'orphans' | 'refused'} */ key) =>
      feeds.reduce((n, feed) => n + feed.counts[key], 0);
    return {
      latencyMs: this.#latency.measure(this.#video.currentTime, this.#clock.wall()),
      bufferMs: this.#playhead.ahead * 1000,
      targetMs: this.#playhead.target * 1000,
      rate: this.#video.playbackRate,
      droppedFrames: quality?.droppedVideoFrames ?? 0,
      decodedFrames: quality?.totalVideoFrames ?? 0,
      stalls: this.#playhead.stalls,
      jumps: this.#playhead.jumps,
      reconnects: this.#counts.reconnects,
      gaps: this.#counts.gaps + this.#playhead.holes,
      duplicates: sum('duplicates'),
      orphans: sum('orphans'),
      refused: this.#counts.refused + sum('refused'),
      chunks: this.#counts.chunks,
      bytes: this.#counts.bytes,
      tracks: feeds.map((feed) => feed.init.info),
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
    this.#openMedia(MediaSource);
    this.#connection = new Connection(url, this.#handlers(), this.#environment);
    this.#connection.open();
    this.#refresh();
  }

  /** Stops, and lets go of the video element. */
  close() {
    this.#listening.abort();
    this.#connection?.close();
    this.#connection = null;
    this.#media?.close();
    this.#media = null;
    this.#playhead.close();
    this.#forget();
    this.#silent.clear();
    this.#down = null;
    this.#ended = this.#shown = false;
    this.#failures = [];
    this.#counts = { reconnects: 0, gaps: 0, refused: 0, chunks: 0, bytes: 0 };
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
      onopen: () => {
        this.#down = null;
        this.#acceptedAt = this.#clock.now();
        for (const feed of this.#feeds.values()) feed.acceptedAt = this.#acceptedAt;
        this.#refresh();
      },
      onsegment: (data) => this.#received(data),
      oncontrol: (control) => {
        if (control.type === 'gap') this.#counts.gaps++;
      },
      ondown: (cause) => {
        if (cause === 'lost') this.#counts.reconnects++;
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
      if (segment?.type === Type.init) this.#init(/** @type {Init} */ (segment));
      if (segment?.type === Type.chunk) this.#chunk(segment);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#refuse(error.message);
    }
  }

  /** @param {string} why */
  #refuse(why) {
    this.#counts.refused++;
    this.#dispatchError(why, false);
  }

  /** @param {Init} init */
  #init(init) {
    const wrong = checkInit(init.payload);
    if (wrong !== null || (this.#inits.size >= MAX_TRACKS && !this.#inits.has(init.track))) {
      this.#refuse(`init segment of track ${init.track}: ${wrong ?? 'too many tracks'}`);
      return;
    }
    this.#inits.set(init.track, init);
    if (!this.#media?.isStarted) return;
    const feed = this.#feeds.get(init.track);
    if (feed) this.#reinit(feed, init);
    else if (this.#choose().tracks.some((track) => track.number === init.track)) this.#rebuild();
  }

  /**
   * @param {Feed} feed
   * @param {Init} init
   */
  #reinit(feed, init) {
    feed.init = init;
    const goesOn = this.#choose().tracks.some((track) => track.number === init.track);
    if (!goesOn || !this.#media?.appendInit(init.info, init.payload)) this.#rebuild();
  }

  /** @param {Segment} chunk */
  #chunk(chunk) {
    if (!this.#media) return;
    if (!this.#media.isStarted && !this.#start(this.#media)) return;
    const feed = this.#feeds.get(chunk.track);
    if (!feed) {
      this.#listenForSound(chunk);
    } else if (feed.accept(chunk)) {
      this.#acceptedAt = feed.acceptedAt = this.#clock.now();
      this.#append(this.#media, feed, chunk);
    } else if (this.#clock.now() - this.#acceptedAt > STALE_AFTER) {
      this.#rebuild();
    }
  }

  /**
   * @param {Media} media
   * @param {Feed} feed
   * @param {Segment} chunk
   */
  #append(media, feed, chunk) {
    const { track, decodeTime, flags, wallClock, position, payload } = chunk;
    const offset = this.#timeline.place(track, position.epoch, decodeTime / 1e6, feed.duration);
    if (offset === null) {
      this.#rebuild();
      return;
    }
    const time = decodeTime / 1e6 + offset;
    this.#counts.chunks++;
    this.#newest = decodeTime / 1e6;
    if (wallClock && (feed.init.info.kind === 'video' || this.#feeds.size === 1)) this.#latency.mark(time, wallClock / 1000);
    this.#playhead.setChunk(Math.max(...[...this.#feeds.values()].map((each) => each.duration)));
    media.append(track, payload, { time, offset, first: (flags & Flag.first) !== 0 });
  }

  /**
   * Begins with the tracks that are known by now. Reports whether there is anything to play.
   *
   * @param {Media} media
   * @returns {boolean}
   */
  #start(media) {
    if (!this.#inits.size) return false;
    const { tracks, unsupported } = this.#choose();
    if (!tracks.length) {
      this.#unsupported(unsupported);
      return false;
    }
    this.#note = unsupported.length ? `No sound: this browser cannot play ${unsupported[0].codec}` : '';
    if (this.#silent.size) this.#note = 'The sound has stopped';
    this.#playhead.hasAudio = tracks.some((track) => track.kind === 'audio');
    media.start(tracks);
    for (const track of tracks) {
      const init = /** @type {Init} */ (this.#inits.get(track.number));
      const feed = new Feed(init);
      feed.acceptedAt = this.#clock.now();
      this.#feeds.set(track.number, feed);
      media.appendInit(track, init.payload);
    }
    // A track that is silent stays selected: it may be heard again.
    if (tracks.length + this.#silent.size < this.#inits.size) this.#select();
    return true;
  }

  #select() {
    this.#connection?.send({ type: 'select', tracks: [...this.#feeds.keys(), ...this.#silent] });
  }

  #choose() {
    const MediaSource = findMediaSource();
    const infos = [...this.#inits.values()].map((init) => init.info).filter((info) => !this.#silent.has(info.number));
    return chooseTracks(infos, (mime) => MediaSource?.isTypeSupported(mime) ?? false);
  }

  /** @param {TrackInfo[]} tracks */
  #unsupported(tracks) {
    this.#fail({ state: 'unsupported', codec: tracks.map((track) => track.codec).join(', ') });
  }

  #buffered() {
    this.#playhead.filling = this.#media?.isIdle === false;
    if (!this.#playhead.filling) this.#playhead.place();
    this.#playhead.update();
    if (this.#playhead.frozen) this.#missSound();
  }

  /** Goes on without the sound when it has stopped and the picture has not: a browser would wait for it for ever. */
  #missSound() {
    const feeds = [...this.#feeds.values()];
    const picture = feeds.find((feed) => feed.init.info.kind === 'video');
    const sound = feeds.find((feed) => feed.init.info.kind === 'audio');
    if (!picture || !sound || picture.acceptedAt - sound.acceptedAt < SILENT_AFTER) return;
    this.#silent.add(sound.init.track);
    this.#rebuild();
  }

  /**
   * Takes up the sound again when it is back.
   *
   * @param {Segment} chunk of a track that is not played
   */
  #listenForSound(chunk) {
    if (!this.#silent.has(chunk.track) || Math.abs(this.#newest - chunk.decodeTime / 1e6) > IN_STEP) return;
    this.#silent.delete(chunk.track);
    this.#rebuild();
  }

  /** Begins again with a new MediaSource where the one that plays cannot go on. */
  #rebuild() {
    const MediaSource = findMediaSource();
    if (!this.#media || !MediaSource) return;
    this.#media.close();
    this.#forget();
    this.#playhead.reset();
    this.#openMedia(MediaSource);
    this.#connection?.restart();
  }

  /** @param {typeof MediaSource} MediaSource */
  #openMedia(MediaSource) {
    this.#media = new Media(this.#video, MediaSource, {
      onchange: () => this.#buffered(),
      ondrop: (track) => this.#feeds.get(track)?.break(),
      onerror: (error) => this.#mediaFailed(error.message),
    });
  }

  #forget() {
    this.#inits.clear();
    this.#feeds.clear();
    this.#timeline = new Timeline();
    this.#latency.reset();
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

  #newPlayhead() {
    return new Playhead(
      this.#video,
      { onchange: () => this.#refresh(), onstuck: () => this.#mediaFailed('playback does not move') },
      this.#clock,
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
