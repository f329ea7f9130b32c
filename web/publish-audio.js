import { TrackClock } from './publish-clock.js';

/** Opus is coded at this rate whatever goes in (RFC 7845, section 5.1). */
const OPUS_RATE = 48_000;
/** An encoder that more pieces of sound than so many wait for, half a second, is made anew without them. */
const MAX_QUEUE = 50;
/** The line may have so many bytes unsent before sound is left out: it is small, and missed the most. */
const MAX_UNSENT = 1 << 20;
const MAX_FAILURES = 3;

/** @typedef {import('./publish-video.js').EncodingHandlers} EncodingHandlers */

/** Encodes the sound of one microphone as Opus. */
export class AudioEncoding {
  #bitrate;
  #handlers;
  #unsent;
  #AudioEncoder;
  #clock = new TrackClock();
  /** @type {AudioEncoder | null} */
  #encoder = null;
  #format = { sampleRate: 0, channels: 0 };
  #announced = false;
  #failures = 0;
  #on = false;

  /**
   * @param {number} bitrate in bits per second
   * @param {EncodingHandlers} handlers
   * @param {() => number} unsent how many bytes wait for the line
   * @param {{AudioEncoder: typeof globalThis.AudioEncoder}} environment
   */
  constructor(bitrate, handlers, unsent, { AudioEncoder }) {
    this.#bitrate = bitrate;
    this.#handlers = handlers;
    this.#unsent = unsent;
    this.#AudioEncoder = AudioEncoder;
  }

  /** Encodes from now on. */
  resume() {
    this.#on = true;
  }

  /** Lets sound pass by without encoding it. */
  pause() {
    this.#on = false;
    this.#drop();
  }

  /** Ends it. */
  close() {
    this.#on = false;
    this.#drop();
  }

  /**
   * Takes a piece of sound, which is closed in any case.
   *
   * @param {AudioData} data
   * @param {number} seen when its first sample was captured, or else came, by the clock of the page, in microseconds
   */
  take(data, seen) {
    try {
      this.#clock.note(data.timestamp, seen);
      if (this.#on) this.#encode(data);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    } finally {
      data.close();
    }
  }

  /** @param {AudioData} data */
  #encode(data) {
    const { sampleRate, numberOfChannels: channels } = data;
    if (this.#format.sampleRate !== sampleRate || this.#format.channels !== channels) {
      this.#drop();
      this.#announced = false;
    }
    // Encoders count samples from the first one on: behind a hole all sound would be early for good.
    if (this.#encoder && this.#encoder.encodeQueueSize > MAX_QUEUE) this.#drop();
    this.#encoder ??= this.#begin(sampleRate, channels);
    this.#encoder.encode(data);
  }

  /**
   * @param {number} sampleRate
   * @param {number} channels
   * @returns {AudioEncoder}
   */
  #begin(sampleRate, channels) {
    this.#format = { sampleRate, channels };
    /** @type {AudioEncoder} */
    const encoder = new this.#AudioEncoder({
      output: (chunk) => {
        if (encoder === this.#encoder) this.#output(chunk);
      },
      error: (error) => {
        if (encoder === this.#encoder) this.#failed(error.message);
      },
    });
    encoder.configure({ codec: 'opus', sampleRate, numberOfChannels: channels, bitrate: this.#bitrate });
    return encoder;
  }

  /** @param {EncodedAudioChunk} chunk */
  #output(chunk) {
    const timestamp = this.#clock.map(chunk.timestamp);
    if (!this.#on || this.#unsent() > MAX_UNSENT) return;
    if (!this.#announced) {
      this.#announced = true;
      const { channels } = this.#format;
      this.#handlers.onconfig({ kind: 'audio', codec: 'opus', sampleRate: OPUS_RATE, channels, bitrate: this.#bitrate });
    }
    this.#handlers.onchunk(chunk, timestamp, chunk.duration ?? 0);
  }

  /** @param {string} message */
  #failed(message) {
    this.#drop();
    if (++this.#failures >= MAX_FAILURES) this.#handlers.onfail(`The sound encoder of this browser does not work: ${message}`);
  }

  #drop() {
    const encoder = this.#encoder;
    this.#encoder = null;
    if (encoder && encoder.state !== 'closed') encoder.close();
  }
}
