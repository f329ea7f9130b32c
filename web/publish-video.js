import { DelayMeter } from './publish-delay.js';
import { fitSize } from './publish-codecs.js';
import { FrameGate } from './publish-gate.js';
import { FrameInterval } from './publish-interval.js';
import { TrackClock } from './publish-clock.js';

/** An encoder that fails more often than this is not used any more. */
const MAX_FAILURES = 2;
/** The delay in milliseconds of an encoder that has given nothing. */
const NEVER = 60_000;

/** @typedef {import('./publish-message.js').PublishedTrack} PublishedTrack */
/** @typedef {import('./publish-message.js').Chunk} Chunk */
/** @typedef {import('./publish-codecs.js').Family} Family */

/**
 * What an encoding tells its owner.
 *
 * @typedef {object} EncodingHandlers
 * @property {(info: Omit<PublishedTrack, 'track'>) => void} onconfig what follows is so
 * @property {(chunk: Chunk, timestamp: number, duration: number) => void} onchunk an encoded frame that may be sent; the
 *   timestamp is by the clock of the page, the duration 0 where it is not known, both in microseconds
 * @property {(message: string) => void} onfail the browser can encode this no more
 */

/**
 * @typedef {object} VideoEnvironment
 * @property {typeof globalThis.VideoEncoder} VideoEncoder
 * @property {(frame: VideoFrame, size: {width: number, height: number}) => VideoFrame} scale makes a frame of another size
 * @property {import('./clock.js').Clock} clock
 */

/**
 * Encodes the frames of one camera or screen: it chooses the codec, changes over to another one when that shows itself
 * to be slow, follows the size of the pictures, and leaves frames out where the encoder or the line are too slow.
 */
export class VideoEncoding {
  #picture;
  #choice;
  #handlers;
  #environment;
  #unsent;
  #gate;
  #clock = new TrackClock();
  #interval = new FrameInterval();
  /** @type {VideoEncoder | null} */
  #encoder = null;
  #delay = new DelayMeter();
  /** @type {{family: Family, config: VideoEncoderConfig} | null} */
  #chosen = null;
  #announced = false;
  #choosing = false;
  #failures = 0;
  #on = false;
  #closed = false;

  /**
   * @param {import('./publish-codecs.js').Picture} picture the largest size, the frame rate and the bit rate
   * @param {import('./publish-codecs.js').CodecChoice} choice
   * @param {EncodingHandlers} handlers
   * @param {() => number} unsent how many bytes wait for the line
   * @param {VideoEnvironment} environment
   */
  constructor(picture, choice, handlers, unsent, environment) {
    this.#picture = picture;
    this.#choice = choice;
    this.#handlers = handlers;
    this.#unsent = unsent;
    this.#environment = environment;
    this.#gate = new FrameGate(picture.bitrate);
  }

  /** What a user may want to know. */
  get stats() {
    const { width = 0, height = 0, codec = '' } = this.#chosen?.config ?? {};
    return { width, height, codec, encoderDelay: this.#delay.median, dropped: this.#gate.dropped, queue: this.#encoder?.encodeQueueSize ?? 0 };
  }

  /** Encodes from now on, beginning with a key frame. */
  resume() {
    this.#on = true;
    this.#gate.restart();
  }

  /** Lets frames pass by without encoding them. */
  pause() {
    this.#on = false;
  }

  /** Makes the next frame a key frame. */
  wantKey() {
    this.#gate.wantKey();
  }

  /** The server does not take this codec. Reports whether there may be another one. */
  refuseCodec() {
    const family = this.#chosen?.family;
    if (!family) return false;
    this.#choice.refuse(family);
    this.#drop();
    return this.#choice.hasOther(family);
  }

  /** Ends it. */
  close() {
    this.#closed = true;
    this.#on = false;
    this.#drop();
  }

  /**
   * Takes a frame, which is closed in any case.
   *
   * @param {VideoFrame} frame
   * @param {number} seen when it was captured, or else came, by the clock of the page, in microseconds
   */
  take(frame, seen) {
    try {
      this.#clock.note(frame.timestamp, seen);
      if (this.#on) this.#encode(frame);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    } finally {
      frame.close();
    }
  }

  /** @param {VideoFrame} frame */
  #encode(frame) {
    const picture = { width: frame.displayWidth, height: frame.displayHeight };
    const size = fitSize(picture, this.#picture);
    const config = this.#chosen?.config;
    if (!this.#encoder || config?.width !== size.width || config.height !== size.height) {
      void this.#configure(size);
      return;
    }
    const now = this.#environment.clock.now();
    if (this.#isTooSlow(now)) {
      this.#drop();
      return;
    }
    const verdict = this.#gate.admit(frame.timestamp, this.#encoder.encodeQueueSize, this.#unsent());
    if (verdict === 'drop') return;
    this.#delay.begin(frame.timestamp, now);
    const options = { keyFrame: verdict === 'key' };
    if (picture.width === size.width && picture.height === size.height) {
      this.#encoder.encode(frame, options);
      return;
    }
    const scaled = this.#environment.scale(frame, size);
    this.#encoder.encode(scaled, options);
    scaled.close();
  }

  /**
   * Reports whether another codec should be tried. Each is judged once, so that two slow ones do not take turns.
   *
   * @param {number} now
   */
  #isTooSlow(now) {
    const family = this.#chosen?.family;
    if (!family || this.#choice.isSlow(family) || this.#delay.verdict(now) !== 'slow') return false;
    this.#choice.tooSlow(family, this.#delay.median ?? NEVER);
    return this.#choice.hasOther(family);
  }

  /** @param {{width: number, height: number}} size */
  async #configure(size) {
    if (this.#choosing) return;
    this.#choosing = true;
    const { VideoEncoder } = this.#environment;
    try {
      const chosen = await this.#choice.next({ ...this.#picture, ...size }, (config) => isSupported(VideoEncoder, config));
      if (this.#closed) return;
      this.#drop();
      if (chosen) this.#begin(chosen);
      else this.#handlers.onfail('This browser has no video encoder that can be used.');
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    } finally {
      this.#choosing = false;
    }
  }

  /** @param {{family: Family, config: VideoEncoderConfig}} chosen */
  #begin(chosen) {
    this.#chosen = chosen;
    this.#announced = false;
    this.#delay = new DelayMeter();
    const encoder = new this.#environment.VideoEncoder({
      output: (chunk) => {
        if (encoder === this.#encoder) this.#output(chunk);
      },
      error: (error) => {
        if (encoder === this.#encoder) this.#failed(error.message);
      },
    });
    encoder.configure(chosen.config);
    this.#encoder = encoder;
    this.#gate.restart();
  }

  /** @param {EncodedVideoChunk} chunk */
  #output(chunk) {
    this.#delay.end(chunk.timestamp, this.#environment.clock.now());
    const timestamp = this.#clock.map(chunk.timestamp);
    const duration = this.#interval.next(timestamp);
    if (!this.#on || !this.#chosen || !this.#gate.pass(chunk.type === 'key', this.#unsent())) return;
    if (!this.#announced) {
      this.#announced = true;
      const { codec, width, height } = this.#chosen.config;
      const { frameRate, bitrate } = this.#picture;
      this.#handlers.onconfig({ kind: 'video', codec, width, height, frameRate, bitrate });
    }
    this.#handlers.onchunk(chunk, timestamp, duration);
  }

  /** @param {string} message */
  #failed(message) {
    const family = this.#chosen?.family;
    this.#drop();
    if (++this.#failures <= MAX_FAILURES || !family) return;
    this.#failures = 0;
    this.#choice.refuse(family);
    if (!this.#choice.hasOther(family)) this.#handlers.onfail(`The video encoder of this browser does not work: ${message}`);
  }

  #drop() {
    const encoder = this.#encoder;
    this.#encoder = null;
    if (encoder && encoder.state !== 'closed') encoder.close();
  }
}

/**
 * @param {typeof globalThis.VideoEncoder} Encoder
 * @param {VideoEncoderConfig} config
 * @returns {Promise<boolean>}
 */
async function isSupported(Encoder, config) {
  try {
    return (await Encoder.isConfigSupported(config)).supported ?? false;
  } catch {
    // A configuration that the browser does not even understand is one that it cannot encode.
    return false;
  }
}
