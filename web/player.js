import { mayConnect, noAddress } from './address.js';
import { systemClock } from './clock.js';
import { Connection } from './connection.js';
import { EngineChoice } from './engine-choice.js';
import { Intake } from './intake.js';
import { MessageError, Type, parseMessage } from './message.js';
import { MseEngine } from './mse-engine.js';
import { PageWatch } from './page-watch.js';
import { Path } from './path.js';
import { Playback } from './playback.js';
import { parseLatency } from './profile.js';
import { QualityControl } from './quality.js';
import { Recoveries } from './recoveries.js';
import { NOTHING } from './stats.js';
import { workOut } from './status.js';

/** @typedef {import('./message.js').Segment} Segment */
/** @typedef {import('./states.js').Status} Status */
/** @typedef {import('./intake.js').Init} Init */
/** @typedef {import('./engine.js').Engine} Engine */
/** @typedef {import('./stats.js').Stats} Stats */

/**
 * Plays one stream in a video element. It has no looks of its own.
 *
 * Events: `statechange` when `status` changes; `playchange` when `paused` does, or where the picture is shown; `volumechange`
 * when `muted` or `volume` does; `qualitychange` when a quality does; `error`, with the detail `{message, fatal}`.
 */
export class Player extends Playback {
  /**
   * What the next load plays with: `mse` (the default) or `webcodecs`, which is nearer to the live edge but cannot go
   * back: see CodecEngine. Where it cannot be, `mse` plays, and `status.note` says why.
   *
   * @type {string | null}
   */
  mode = null;

  /** @type {string | null} */
  #latency = null;
  #environment;
  #clock;
  /** @type {Connection | null} */
  #connection = null;
  #choice;
  #intake;
  #quality = new QualityControl({
    now: () => this.#clock.now(),
    isSupported: MseEngine.supports,
    intake: () => this.#intake,
    engine: () => this.#engine,
    connection: () => this.#connection,
    received: () => this.#counts.bytes,
    onchange: () => this.dispatchEvent(new Event('qualitychange')),
  });
  /** @type {Status} */
  #status = { state: 'idle' };
  /** @type {import('./probe.js').Cause | null} */
  #down = null;
  #ended = false;
  #note = '';
  #shown = false;
  #recoveries = new Recoveries();
  /** @type {PageWatch | null} */
  #page = null;
  #path = new Path();
  #counts = { reconnects: 0, moves: 0, refused: 0, chunks: 0, bytes: 0 };

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./connection.js').Environment} [environment]
   */
  constructor(video, environment = {}) {
    super(video, () => this.#choice);
    this.#environment = environment;
    this.#clock = environment.clock ?? systemClock;
    this.#intake = this.#newIntake();
    this.#choice = new EngineChoice(video, this.#engineHandlers(), this.#clock);
    for (const type of ['play', 'pause', 'loadeddata', 'emptied']) video.addEventListener(type, () => this.#playChanged());
  }

  /** @returns {Engine | null} */
  get #engine() {
    return this.#choice.engine;
  }

  /**
   * How near the live edge to be: low, balanced (null does the same), smooth, or a time as in 200ms. It can be set at any
   * time: playback goes there gently, or with one jump where it is far, and the server is told what it may keep.
   *
   * @returns {string | null}
   */
  get latency() {
    return this.#latency;
  }

  set latency(value) {
    this.#latency = value;
    const profile = parseLatency(value);
    this.#connection?.grant(profile.budget);
    this.#intake.hurry();
    this.#choice.aim(profile);
  }

  /** How things stand. */
  get status() {
    return this.#status;
  }

  /** The renditions of the picture that can be chosen, the best one first. */
  get qualities() {
    return this.#quality.list;
  }

  /**
   * What of them is wanted: the id of one, or `auto`. It can also be set to a height, as in `480p`, and to `max-720p`,
   * the automatic choice up to that height; both also hold for the next loads. What is set shows when a group begins.
   *
   * @returns {number | string}
   */
  get quality() {
    return this.#quality.value;
  }

  set quality(value) {
    this.#quality.want(value);
  }

  /** The id of the one that is on the screen, or null. */
  get currentQuality() {
    return this.#quality.shown;
  }

  /**
   * How playback goes, as of now.
   *
   * @returns {Stats}
   */
  get stats() {
    const { holes, ...playback } = this.#engine?.stats ?? NOTHING;
    const { gaps, duplicates, orphans, refused } = this.#intake.counts;
    return {
      ...playback,
      recoveries: { ...playback.recoveries, ...this.#recoveries.counts },
      reconnects: this.#counts.reconnects,
      moves: this.#counts.moves,
      gaps: gaps + holes,
      duplicates,
      orphans,
      refused: this.#counts.refused + refused,
      chunks: this.#counts.chunks,
      bytes: this.#counts.bytes,
      tracks: this.#intake.tracks,
      engine: this.#choice.name,
      ...this.#path.facts,
      address: this.#connection?.address ?? '',
    };
  }

  /** Asks the server over HTTP what it calls itself and by which way the stream comes; `stats` say so from then on. */
  async locate() {
    if (this.#connection) await this.#path.ask(this.#connection.address, this.#environment.fetch);
  }

  /**
   * Plays a stream, in place of the one before.
   *
   * @param {string | string[]} addresses ws or wss URLs of the stream: where one does not work, the next is tried
   */
  load(addresses) {
    this.close();
    if (!MseEngine.isSupported) {
      return this.#setStatus({ state: 'failed', message: 'This browser cannot play live video (it has no Media Source Extensions)' });
    }
    const urls = [addresses].flat().filter((url) => mayConnect(url, globalThis.location?.href ?? ''));
    if (!urls.length) return this.#fail({ state: 'failed', message: noAddress([addresses].flat()) });
    this.#page = new PageWatch((isShown) => {
      this.#connection?.wake();
      if (isShown) this.#engine?.shown();
    }, this.#clock);
    const connection = new Connection(urls, this.#handlers(), this.#environment);
    this.#connection = connection;
    const begin = () => {
      if (connection !== this.#connection) return;
      this.#playChanged();
      connection.grant(parseLatency(this.#latency).budget);
      connection.open();
      this.#refresh();
    };
    const opening = this.#choice.open(this.mode, parseLatency(this.#latency));
    if (opening) void opening.then(begin);
    else begin();
  }

  /** Stops, and lets go of the video element. */
  close() {
    this.#page?.close();
    this.#page = null;
    this.#connection?.close();
    this.#connection = null;
    this.#choice.close();
    this.#intake = this.#newIntake();
    this.#quality.close();
    this.#path = new Path();
    this.#down = null;
    this.#ended = this.#shown = false;
    this.#note = '';
    this.#recoveries = new Recoveries();
    this.#counts = { reconnects: 0, moves: 0, refused: 0, chunks: 0, bytes: 0 };
    this.#setStatus({ state: 'idle' });
  }

  #playChanged() {
    this.dispatchEvent(new Event('playchange'));
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
      onsegment: (data, more) => this.#received(data, more),
      ongap: (gap) => {
        this.#intake.miss(gap);
        this.#quality.missed(gap);
      },
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

  /** @param {ArrayBuffer} data @param {boolean} more */
  #received(data, more) {
    this.#counts.bytes += data.byteLength;
    try {
      const segment = parseMessage(data);
      if (segment?.type === Type.init) {
        if (this.#intake.addInit(/** @type {Init} */ (segment))) this.#rebuild('stream');
        this.#quality.update();
      }
      if (segment?.type === Type.chunk) this.#chunk(segment, more);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#counts.refused++;
      this.#dispatchError(error.message, false);
    }
  }

  /** @param {Segment} chunk @param {boolean} more */
  #chunk(chunk, more) {
    const engine = this.#engine;
    if (!engine || (!engine.isStarted && !this.#start(engine))) return;
    const verdict = this.#intake.take(chunk);
    if (verdict === 'drop') return;
    if (verdict === 'sound') this.#rebuild('sound');
    else if (verdict === 'rebuild' || !this.#append(engine, chunk, more)) this.#rebuild('stream');
  }

  /**
   * Reports whether the chunk could follow what is there.
   *
   * @param {Engine} engine
   * @param {Segment} chunk
   * @param {boolean} more
   * @returns {boolean}
   */
  #append(engine, chunk, more) {
    const { track, payload } = chunk;
    const init = this.#intake.takeInit(track);
    if (init && !(this.#intake.isChosen(track) && engine.appendInit(init.info, init.payload))) return false;
    const place = this.#intake.place(chunk);
    if (!place) return false;
    this.#counts.chunks++;
    const wallClock = this.#intake.isLead(track) ? chunk.wallClock / 1000 : 0;
    engine.append({ track, payload, place, wallClock, burst: this.#intake.burst, more });
    this.#quality.appended(chunk, place);
    return true;
  }

  /**
   * Begins with the tracks that are known by now. Reports whether there is anything to play.
   *
   * @param {Engine} engine
   * @returns {boolean}
   */
  #start(engine) {
    if (this.#intake.isEmpty) return false;
    this.#quality.begin();
    const { tracks, unsupported } = this.#intake.choose();
    if (!tracks.length) {
      this.#fail({ state: 'unsupported', codec: unsupported.map((track) => track.codec).join(', ') });
      return false;
    }
    this.#note = unsupported.length ? `No sound: this browser cannot play ${unsupported[0].codec}` : '';
    if (this.#intake.isSilent) this.#note = 'The sound has stopped';
    engine.start(tracks);
    for (const init of this.#intake.start(tracks)) engine.appendInit(init.info, init.payload);
    const { selection } = this.#intake;
    if (selection) this.#connection?.select(selection);
    return true;
  }

  /** @returns {import('./engine.js').EngineHandlers} */
  #engineHandlers() {
    return {
      onchange: () => this.#refresh(),
      onbuffered: () => {
        const isWaiting = this.#engine && (this.#engine.isFrozen || !this.#engine.isPlaced);
        if (isWaiting && this.#intake.giveUpSound()) this.#rebuild('sound');
      },
      ondrop: (track) => this.#intake.break(track),
      onerror: (message) => this.#mediaFailed(message),
      onunsupported: (reason) => {
        this.#choice.fallBack(reason);
        this.#rebuild('media');
        this.#playChanged();
      },
      onplaychange: () => this.#playChanged(),
    };
  }

  /**
   * Begins again with new media where what plays cannot go on.
   *
   * @param {'media' | 'sound' | 'stream'} why
   */
  #rebuild(why) {
    if (!this.#engine) return;
    this.#recoveries.counts[why]++;
    this.#intake.forget();
    this.#quality.restart();
    this.#engine.restart();
    this.#connection?.restart();
  }

  /** @param {string} message */
  #mediaFailed(message) {
    if (!this.#recoveries.failed(this.#clock.now(), this.#engine?.stats.decodedFrames ?? 0)) {
      this.#fail({ state: 'failed', message: `This stream cannot be played: ${message}` });
      return;
    }
    this.#dispatchError(message, false);
    this.#rebuild('media');
  }

  #end() {
    this.#ended = true;
    this.#engine?.end();
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
    if (!this.#connection || !this.#engine) return;
    if (this.#engine.isPlaced && this.#engine.hasPicture) this.#shown = true;
    this.#quality.moved();
    const note = [this.#note, this.#choice.note].filter(Boolean).join('. ');
    this.#setStatus(workOut(this.#engine, { ended: this.#ended, down: this.#down, shown: this.#shown, note }));
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
    return new Intake((mime) => MseEngine.supports(mime), this.#clock.now);
  }
}
