import { readSamples } from './codec-samples.js';

/** Samples go to the decoder so many seconds before they are due. */
const AHEAD = 0.15;
/** The most samples and bytes that wait for that, and the most samples that the decoder is given at a time. */
const MAX_WAITING = 4096;
const MAX_BYTES = 64 << 20;
const MAX_QUEUE = 32;
/** A decoder which has not come this far in so many seconds is too slow: it goes on with the next group. */
const TOO_SLOW = 1;
/** So many failures without a frame between them are the codec's. */
const MAX_FAILURES = 3;

/**
 * A sample that waits for its decoder.
 *
 * @typedef {object} Waiting
 * @property {import('./codec-init.js').CodecInit} init
 * @property {number} time in seconds
 * @property {boolean} sync
 * @property {boolean} first whether it begins a group
 * @property {Uint8Array<ArrayBuffer>} data
 */

/**
 * @typedef {object} VideoHandlers
 * @property {(frame: VideoFrame) => void} onframe
 * @property {() => void} onlost what comes is of no use until a group begins
 * @property {(message: string) => void} onunsupported
 * @property {() => number} now in seconds
 */

/**
 * Decodes a track of pictures, a little before they are due. It keeps the newest group, so that it can go on with that
 * when it has been idle.
 */
export class VideoTrack {
  #handlers;
  #Decoder;
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {import('./codec-init.js').CodecInit | null} */
  #init = null;
  /** @type {import('./codec-init.js').CodecInit | null} */
  #configured = null;
  /** @type {Waiting[]} */
  #waiting = [];
  #bytes = 0;
  /**
   * What the decoder has been given of the newest group, for as long as that is kept.
   *
   * @type {Waiting[]}
   */
  #given = [];
  #givenBytes = 0;
  /**
   * What the decoder has been given and has not given back.
   *
   * @type {{time: number, at: number}[]}
   */
  #pending = [];
  #idle = false;
  #ending = false;
  #flushed = false;
  #broken = true;
  #failures = 0;
  #position = -Infinity;

  /**
   * @param {VideoHandlers} handlers
   * @param {typeof VideoDecoder} [Decoder]
   */
  constructor(handlers, Decoder = globalThis.VideoDecoder) {
    this.#handlers = handlers;
    this.#Decoder = Decoder;
  }

  /** When the next sample goes to the decoder, or null. */
  get next() {
    return this.#waiting.length && !this.#idle ? this.#waiting[0].time - AHEAD : null;
  }

  /** Whether all has been decoded. */
  get isDone() {
    return this.#waiting.length === 0 && this.#pending.length === 0;
  }

  /** Whether nothing is to be decoded for now. */
  get idle() {
    return this.#idle;
  }

  set idle(value) {
    if (this.#idle === value) return;
    this.#idle = value;
    if (value) this.#rewind();
  }

  /** @param {import('./codec-init.js').CodecInit} init */
  setInit(init) {
    this.#init = init;
    const { onunsupported } = this.#handlers;
    this.#Decoder.isConfigSupported(/** @type {VideoDecoderConfig} */ (init.config)).then(
      ({ supported }) => !supported && onunsupported(`no decoder for ${init.config.codec}`),
      () => onunsupported(`no decoder for ${init.config.codec}`),
    );
  }

  /**
   * Takes in a chunk. Reports when its last sample has been shown, in seconds, or null if the chunk is of no use.
   *
   * @param {import('./engine.js').Piece} piece
   * @returns {number | null}
   * @throws {import('./box-reader.js').BoxError}
   */
  append({ payload, place }) {
    const init = this.#init;
    if (!init) return null;
    const samples = readSamples(payload, init.defaults);
    if (place.first) this.#beginGroup();
    else if (this.#broken && !this.#idle) return null;
    let end = 0;
    for (const [i, { time, duration, sync, data }] of samples.entries()) {
      this.#waiting.push({ init, time: place.time + time / init.timescale, sync, first: place.first && i === 0, data });
      this.#bytes += data.length;
      end = Math.max(end, place.time + (time + duration) / init.timescale);
    }
    if (this.#waiting.length > MAX_WAITING || this.#bytes > MAX_BYTES) this.#lose();
    return samples.length ? end : null;
  }

  /**
   * Decodes what is due soon.
   *
   * @param {number} position which moment of the media is due
   */
  advance(position) {
    this.#position = position;
    if (this.#idle) return;
    while (this.#waiting.length && this.#waiting[0].time <= position + AHEAD && (this.#decoder?.decodeQueueSize ?? 0) < MAX_QUEUE) {
      const sample = /** @type {Waiting} */ (this.#waiting.shift());
      this.#bytes -= sample.data.length;
      this.#keep(sample);
      this.#decode(sample);
    }
    if (this.#ending && !this.#waiting.length) this.#flush();
  }

  /** Says that nothing more comes: the decoder is to give back what it holds. */
  end() {
    this.#ending = true;
  }

  /**
   * Reports whether another frame is to come which is due as well.
   *
   * @param {number} time of a frame
   * @param {number} position
   * @returns {boolean}
   */
  isOvertaken(time, position) {
    /** @param {{time: number}} other */
    const overtakes = (other) => other.time > time + 1e-4 && other.time <= position;
    return this.#pending.some(overtakes) || this.#waiting.slice(0, MAX_QUEUE).some(overtakes);
  }

  /** Forgets all but the init segment. */
  reset() {
    this.#reset();
    this.#clear();
    this.#ending = false;
    this.#broken = true;
  }

  close() {
    this.#clear();
    this.#ending = false;
    this.#init = null;
    this.#pending = [];
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #beginGroup() {
    if (this.#idle) this.#clear();
    const [oldest] = this.#pending;
    if (oldest && this.#handlers.now() - oldest.at > TOO_SLOW) {
      this.#reset();
      this.#clear();
    }
    this.#broken = false;
  }

  /** What the decoder was in the midst of has been passed over: it will go on at the start of the newest group. */
  #rewind() {
    this.#reset();
    const start = this.#waiting.findLastIndex((sample) => sample.first);
    this.#waiting = start < 0 ? [...this.#given, ...this.#waiting] : this.#waiting.slice(start);
    this.#bytes = this.#waiting.reduce((sum, sample) => sum + sample.data.length, 0);
    this.#forget();
    this.#broken ||= !this.#waiting[0]?.first;
  }

  /**
   * Keeps what the decoder is given of a group, unless that becomes too much.
   *
   * @param {Waiting} sample
   */
  #keep(sample) {
    if (sample.first) this.#forget();
    else if (!this.#given.length) return;
    this.#given.push(sample);
    this.#givenBytes += sample.data.length;
    if (this.#given.length > MAX_WAITING || this.#givenBytes > MAX_BYTES) this.#forget();
  }

  #forget() {
    this.#given = [];
    this.#givenBytes = 0;
  }

  #flush() {
    const decoder = this.#decoder;
    if (this.#flushed || decoder?.state !== 'configured') return;
    this.#flushed = true;
    const done = () => {
      if (decoder === this.#decoder && this.#flushed) this.#pending = [];
    };
    decoder.flush().then(done, done);
  }

  /** @param {Waiting} sample */
  #decode({ init, time, sync, data }) {
    if (this.#configured !== init) {
      if (!sync) return;
      if (!this.#configure(init)) return;
    }
    const timestamp = Math.round(time * 1e6);
    try {
      this.#decoder?.decode(new EncodedVideoChunk({ type: sync ? 'key' : 'delta', timestamp, data }));
      this.#pending.push({ time: timestamp / 1e6, at: this.#handlers.now() });
    } catch {
      this.#lose();
    }
  }

  /**
   * @param {import('./codec-init.js').CodecInit} init
   * @returns {boolean}
   */
  #configure(init) {
    if (!this.#decoder || this.#decoder.state === 'closed') this.#decoder = this.#newDecoder();
    try {
      this.#decoder.configure(/** @type {VideoDecoderConfig} */ (init.config));
    } catch (error) {
      this.#handlers.onunsupported(/** @type {Error} */ (error).message);
      return false;
    }
    this.#configured = init;
    return true;
  }

  #newDecoder() {
    const decoder = new this.#Decoder({
      output: (frame) => {
        if (decoder === this.#decoder) this.#decoded(frame);
        else frame.close();
      },
      error: (error) => decoder === this.#decoder && this.#failed(error),
    });
    decoder.ondequeue = () => this.advance(this.#position);
    return decoder;
  }

  /** @param {VideoFrame} frame */
  #decoded(frame) {
    this.#failures = 0;
    const time = frame.timestamp / 1e6;
    const done = this.#pending.findIndex((sample) => Math.abs(sample.time - time) < 1e-5);
    if (done >= 0) this.#pending.splice(done, 1);
    // What was decoded and came to nothing is not waited for.
    while (this.#pending.length > 2 * MAX_QUEUE) this.#pending.shift();
    this.#handlers.onframe(frame);
  }

  /** @param {DOMException} error */
  #failed(error) {
    this.#decoder = null;
    this.#lose();
    if (error.name === 'NotSupportedError' || ++this.#failures >= MAX_FAILURES) this.#handlers.onunsupported(error.message);
  }

  #lose() {
    this.reset();
    this.#handlers.onlost();
  }

  #reset() {
    this.#pending = [];
    this.#configured = null;
    this.#flushed = false;
    if (this.#decoder?.state === 'configured') this.#decoder.reset();
  }

  #clear() {
    this.#waiting = [];
    this.#bytes = 0;
    this.#forget();
  }
}
