import { readSamples } from './codec-samples.js';

/** The most pieces that the decoder is given at a time: what is more is left out, a hole. */
const MAX_QUEUE = 2048;
/**
 * What follows this closely continues, in seconds. Decoders may count time by themselves from the first piece on, so that
 * what does not continue goes to another one.
 */
const CLOSE = 0.02;
/** The most decoders that are open, of which all but one come to their end. */
const MAX_OPEN = 4;
/** So many failures without a sound between them are the codec's. */
const MAX_FAILURES = 3;

/**
 * A piece of decoded sound, at a time in seconds.
 *
 * @typedef {object} Sound
 * @property {number} time
 * @property {number} sampleRate
 * @property {Float32Array<ArrayBuffer>[]} planes one for each channel
 */

/** Decodes a track of sound as it comes, while it is wanted. */
export class SoundTrack {
  /** How many pieces have been decoded. */
  decoded = 0;
  #onsound;
  #onunsupported;
  #Decoder;
  /** @type {AudioDecoder | null} */
  #decoder = null;
  /** @type {Set<AudioDecoder>} */
  #open = new Set();
  /** @type {import('./codec-init.js').CodecInit | null} */
  #init = null;
  /** When the next piece begins if it continues, in seconds. */
  #next = -Infinity;
  #wanted = false;
  #failures = 0;

  /**
   * @param {(sound: Sound) => void} onsound
   * @param {(message: string) => void} onunsupported
   * @param {typeof AudioDecoder} [Decoder]
   */
  constructor(onsound, onunsupported, Decoder = globalThis.AudioDecoder) {
    this.#onsound = onsound;
    this.#onunsupported = onunsupported;
    this.#Decoder = Decoder;
  }

  /** Whether it is wanted. */
  get wanted() {
    return this.#wanted;
  }

  set wanted(value) {
    this.#wanted = value;
    if (!value) this.#stop();
  }

  /** @param {import('./codec-init.js').CodecInit} init */
  setInit(init) {
    this.#init = init;
    this.#finish();
    const { codec } = init.config;
    this.#Decoder.isConfigSupported(/** @type {AudioDecoderConfig} */ (init.config)).then(
      ({ supported }) => !supported && this.#onunsupported(`no decoder for ${codec}`),
      () => this.#onunsupported(`no decoder for ${codec}`),
    );
  }

  /**
   * Takes in a chunk. Returns when it ends, in seconds, or null.
   *
   * @param {import('./engine.js').Piece} piece
   * @returns {number | null}
   * @throws {import('./box-reader.js').BoxError}
   */
  append({ payload, place }) {
    const init = this.#init;
    if (!init) return null;
    const samples = readSamples(payload, init.defaults);
    for (const sample of samples) this.#decode(init, place.time, sample);
    const last = samples.at(-1);
    return last ? place.time + (last.time + last.duration) / init.timescale : null;
  }

  close() {
    this.#stop();
    this.#init = null;
  }

  /**
   * @param {import('./codec-init.js').CodecInit} init
   * @param {number} origin
   * @param {import('./codec-samples.js').Sample} sample
   */
  #decode(init, origin, { time: offset, duration, data }) {
    if (!this.#wanted || (this.#decoder?.decodeQueueSize ?? 0) > MAX_QUEUE) return;
    const time = origin + offset / init.timescale;
    try {
      if (Math.abs(time - this.#next) > CLOSE) this.#finish();
      this.#decoder ??= this.#newDecoder(init);
      this.#decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: Math.round(time * 1e6), data }));
      this.#next = time + duration / init.timescale;
    } catch (error) {
      this.#failed(/** @type {Error} */ (error));
    }
  }

  /** @param {import('./codec-init.js').CodecInit} init */
  #newDecoder(init) {
    /** @type {AudioDecoder} */
    const decoder = new this.#Decoder({
      // What had been decoded when the sound was stopped may still come.
      output: (data) => (this.#open.has(decoder) ? this.#decodedOne(data) : data.close()),
      error: (error) => decoder === this.#decoder && this.#failed(error),
    });
    if (this.#open.size >= MAX_OPEN) this.#stop();
    this.#open.add(decoder);
    decoder.configure(/** @type {AudioDecoderConfig} */ (init.config));
    return decoder;
  }

  /** Lets the decoder come to its end, and what follows go to another one. */
  #finish() {
    const decoder = this.#decoder;
    this.#decoder = null;
    if (!decoder || decoder.state !== 'configured') return;
    const close = () => {
      this.#open.delete(decoder);
      if (decoder.state !== 'closed') decoder.close();
    };
    decoder.flush().then(close, close);
  }

  /** @param {AudioData} data */
  #decodedOne(data) {
    const { timestamp, sampleRate, numberOfFrames, numberOfChannels } = data;
    this.#failures = 0;
    this.decoded++;
    const planes = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
      const plane = new Float32Array(numberOfFrames);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      return plane;
    });
    data.close();
    this.#onsound({ time: timestamp / 1e6, sampleRate, planes });
  }

  /** @param {Error} error */
  #failed(error) {
    this.#stop();
    if (error.name === 'NotSupportedError' || ++this.#failures >= MAX_FAILURES) this.#onunsupported(error.message);
  }

  #stop() {
    for (const decoder of this.#open) if (decoder.state !== 'closed') decoder.close();
    this.#open.clear();
    this.#decoder = null;
  }
}
