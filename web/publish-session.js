import { AudioEncoding } from './publish-audio.js';
import { completeVideo } from './publish-capture.js';
import { CodecChoice, FAMILIES } from './publish-codecs.js';
import { Outlet } from './publish-outlet.js';
import { RateMeter } from './publish-rate.js';
import { PublishError } from './publish-states.js';
import { Code, Uplink, publishURL, withSession } from './publish-uplink.js';
import { VideoEncoding } from './publish-video.js';

/** The numbers of the tracks. */
const VIDEO = 1;
const AUDIO = 2;
const AUDIO_BITRATE = 96_000;
/** A camera is looked after at this interval, and has a fault when it is silent for longer, in milliseconds. */
const LOOK = 2_000;
const SILENT = 3_000;
/** An encoder with a delay beyond so many milliseconds does not keep up. */
const SLOW = 150;

/** @typedef {import('./publish-states.js').PublishStatus} PublishStatus */

/**
 * @typedef {object} SessionHandlers
 * @property {(status: PublishStatus) => void} onstatus
 * @property {(error: PublishError) => void} onfail it is over, and has to be closed
 */

/** One time of publishing, from the question for the camera to the end. */
export class Session {
  #options;
  #environment;
  #clock;
  #handlers;
  #video;
  #outlet;
  #uplink;
  #rate = new RateMeter();
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {VideoEncoding | null} */
  #pictures = null;
  /** @type {AudioEncoding | null} */
  #sound = null;
  /** @type {{close: () => void}[]} */
  #sources = [];
  #closing = new AbortController();
  #wasLive = false;
  #live = false;
  #answers = true;
  #counts = { reconnects: 0, bytes: 0 };
  #pictureAt = 0;
  #timer = 0;
  #soundAt = 0;
  #soundNote = '';

  /**
   * @param {import('./publisher.js').PublisherOptions} options
   * @param {import('./publisher.js').PublisherEnvironment} environment
   * @param {SessionHandlers} handlers
   */
  constructor(options, environment, handlers) {
    this.#options = options;
    this.#environment = environment;
    this.#clock = environment.clock;
    this.#handlers = handlers;
    this.#video = options.video ? completeVideo(options.video) : null;
    const expected = Number(Boolean(options.video)) + Number(Boolean(options.audio));
    this.#outlet = new Outlet(expected, this.#outletHandlers(), this.#clock);
    const { scope, random } = environment;
    const url = withSession(publishURL(options.url, scope.document?.baseURI ?? ''), scope.crypto?.randomUUID?.());
    this.#uplink = new Uplink(url, this.#uplinkHandlers(), {
      WebSocket: scope.WebSocket,
      fetch: (...request) => scope.fetch(...request),
      clock: this.#clock,
      random,
    });
  }

  /** What is captured. */
  get stream() {
    return this.#stream;
  }

  /** @returns {import('./publisher.js').PublisherStats} */
  get stats() {
    const { width = 0, height = 0, codec = '', encoderDelay = null, dropped = 0 } = this.#pictures?.stats ?? {};
    const { bitrate, frameRate } = this.#rate.measure(this.#clock.now());
    const { bufferedAmount } = this.#uplink;
    const { audioCodec } = this.#outlet;
    return { bitrate, frameRate, encoderDelay, dropped, bufferedAmount, codec, audioCodec, width, height, ...this.#counts };
  }

  /** Begins: asks for the camera, then connects. Never throws. */
  async open() {
    try {
      await this.#openTracks();
      if (this.#closing.signal.aborted) return;
      this.#show();
      this.#uplink.open();
      this.#listen();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const { message = String(error) } = error instanceof Error ? error : {};
      this.#handlers.onfail(error instanceof PublishError ? error : new PublishError('failed', message));
    }
  }

  /** Ends it, and gives camera and microphone back. */
  close() {
    this.#closing.abort();
    this.#clock.clearTimeout(this.#timer);
    for (const source of this.#sources.splice(0)) source.close();
    this.#pictures?.close();
    this.#sound?.close();
    this.#outlet.close();
    this.#uplink.close();
    if (this.#stream !== this.#options.stream) for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
  }

  async #openTracks() {
    const { video = false, audio = false, stream } = this.#options;
    if (!video && !audio) throw new PublishError('failed', 'neither picture nor sound is wanted');
    if (!stream) this.#handlers.onstatus({ state: 'asking' });
    const captured = stream ?? (await this.#environment.capture(video, audio));
    if (this.#closing.signal.aborted) {
      for (const track of captured.getTracks()) track.stop();
      return;
    }
    this.#stream = captured;
    const [picture] = captured.getVideoTracks();
    const [sound] = captured.getAudioTracks();
    if (video && !picture) throw new PublishError('no-device', '', 'camera');
    if (audio && !sound) throw new PublishError('no-device', '', 'microphone');
    if (this.#video) this.#openPictures(picture, this.#video);
    if (audio) await this.#openSound(sound, audio.bitrate ?? AUDIO_BITRATE);
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {Required<import('./publish-capture.js').VideoOptions>} options
   */
  #openPictures(track, options) {
    const { scope, openFrames } = this.#environment;
    const families = FAMILIES.filter((family) => options.codec === 'auto' || options.codec === family);
    const agent = scope.navigator?.userAgent ?? '';
    const choice = new CodecChoice(families, { storage: findStorage(scope), clock: this.#clock, agent });
    const handlers = this.#encodingHandlers(VIDEO);
    const { VideoEncoder } = scope;
    const pictures = new VideoEncoding(options, choice, handlers, () => this.#uplink.bufferedAmount, {
      VideoEncoder,
      scale: this.#environment.scale,
      clock: this.#clock,
    });
    this.#pictures = pictures;
    this.#pictureAt = this.#clock.now();
    const screen = options.deviceId === 'screen';
    const source = openFrames(track, { frameRate: options.frameRate, screen }, (frame, seen, again) => {
      if (!again) this.#pictureAt = this.#clock.now();
      pictures.take(frame, seen);
    });
    this.#sources.push(source);
    const device = screen ? 'screen' : 'camera';
    const ended = () => this.#handlers.onfail(new PublishError('ended', '', device));
    track.addEventListener('ended', ended, { signal: this.#closing.signal });
  }

  /**
   * @param {MediaStreamTrack} track
   * @param {number} bitrate
   */
  async #openSound(track, bitrate) {
    const { scope, openSound } = this.#environment;
    const { AudioEncoder } = scope;
    const sound = new AudioEncoding(bitrate, this.#encodingHandlers(AUDIO), () => this.#uplink.bufferedAmount, { AudioEncoder });
    this.#sound = sound;
    this.#soundAt = this.#clock.now();
    const source = await openSound(track, (data, seen) => {
      this.#soundAt = this.#clock.now();
      sound.take(data, seen);
    });
    if (this.#closing.signal.aborted) source.close();
    else this.#sources.push(source);
    track.addEventListener('ended', () => this.#loseSound('The microphone is gone.'), { signal: this.#closing.signal });
  }

  /**
   * Goes on without sound, if there is a picture.
   *
   * @param {string} why
   */
  #loseSound(why) {
    if (!this.#pictures) {
      this.#handlers.onfail(new PublishError('ended', '', 'microphone'));
      return;
    }
    this.#sound?.close();
    this.#sound = null;
    this.#soundNote = `${why} The stream goes on without sound.`;
    this.#outlet.remove(AUDIO);
    this.#show();
  }

  /**
   * @param {number} track
   * @returns {import('./publish-video.js').EncodingHandlers}
   */
  #encodingHandlers(track) {
    return {
      onconfig: (info) => this.#outlet.describe({ track, ...info }),
      onchunk: (chunk, timestamp, duration) => this.#outlet.send(track, chunk, timestamp, duration),
      onfail: (message) => {
        if (track === AUDIO) this.#loseSound(message);
        else this.#handlers.onfail(new PublishError('encoder', message));
      },
    };
  }

  /** @returns {import('./publish-outlet.js').OutletHandlers} */
  #outletHandlers() {
    return {
      send: (message) => this.#uplink.send(message),
      onrestart: () => this.#pictures?.wantKey(),
      onsent: (bytes, kind) => {
        this.#counts.bytes += bytes;
        this.#rate.note(bytes, kind === 'video', this.#clock.now());
      },
    };
  }

  /** @returns {import('./publish-uplink.js').UplinkHandlers} */
  #uplinkHandlers() {
    return {
      onopen: () => {
        this.#answers = true;
        this.#outlet.open();
        this.#pictures?.resume();
        this.#sound?.resume();
        this.#show();
      },
      onreply: (reply) => {
        if (reply.type === 'live') this.#wasLive = this.#live = true;
        else if (reply.track === VIDEO) this.#pictures?.wantKey();
        this.#show();
      },
      ondown: (answers) => this.#down(answers),
      onfail: (code, reason) => this.#refused(code, reason),
    };
  }

  /** @param {boolean} answers whether there is a server */
  #down(answers) {
    this.#answers = answers;
    if (this.#live) this.#counts.reconnects++;
    this.#live = false;
    this.#outlet.close();
    this.#pictures?.pause();
    this.#sound?.pause();
    this.#show();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #refused(code, reason) {
    if (code === Code.codec && this.#pictures?.refuseCodec()) {
      this.#down(true);
      this.#uplink.open();
      return;
    }
    this.#handlers.onfail(new PublishError(REFUSALS[code] ?? 'refused', reason));
  }

  /** Looks after what nobody tells of. */
  #listen() {
    const { scope } = this.#environment;
    const { signal } = this.#closing;
    scope.addEventListener?.('online', () => this.#uplink.retryNow(), { signal });
    const look = () => {
      this.#show();
      this.#timer = this.#clock.setTimeout(look, LOOK);
    };
    this.#timer = this.#clock.setTimeout(look, LOOK);
  }

  #show() {
    const note = this.#note();
    if (this.#live) this.#handlers.onstatus({ state: 'live', note });
    else if (this.#wasLive) this.#handlers.onstatus({ state: 'reconnecting', note });
    else this.#handlers.onstatus({ state: 'connecting', unreachable: !this.#answers, note });
  }

  #note() {
    const now = this.#clock.now();
    // A screen gives no pictures as long as nothing moves on it.
    if (this.#pictures && this.#video?.deviceId !== 'screen' && now - this.#pictureAt > SILENT) {
      if (!this.#environment.scope.document?.hidden) return 'The camera gives no pictures at the moment.';
      return 'This tab is in the background, where the browser gives it no pictures of the camera.';
    }
    if (this.#sound && now - this.#soundAt > SILENT) return 'The microphone gives no sound at the moment.';
    if ((this.#pictures?.stats.encoderDelay ?? 0) > SLOW) {
      return 'This browser takes long to encode the picture: a smaller one would come with less delay.';
    }
    return this.#soundNote;
  }
}

/** @type {Record<number, import('./publish-states.js').Reason>} */
const REFUSALS = { [Code.taken]: 'taken', [Code.takenOver]: 'taken-over', [Code.codec]: 'codec' };

/**
 * @param {any} scope
 * @returns {Storage | null}
 */
function findStorage(scope) {
  try {
    return scope.localStorage ?? null;
  } catch {
    // A browser that blocks it throws.
    return null;
  }
}
