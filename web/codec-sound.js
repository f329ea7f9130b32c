import { readSamples } from './codec-samples.js';

/** The most pieces that the decoder is given at a time: what is more is left out, a hole. */
const MAX_QUEUE = 2048;
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
  /** @type {import('./codec-init.js').CodecInit | null} */
  #init = null;
  #configured = false;
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
    this.#configured = false;
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
    for (const { time, data } of samples) this.#decode(init, place.time + time / init.timescale, data);
    const last = samples.at(-1);
    return last ? place.time + (last.time + last.duration) / init.timescale : null;
  }

  close() {
    this.#stop();
    this.#init = null;
  }

  /**
   * @param {import('./codec-init.js').CodecInit} init
   * @param {number} time
   * @param {Uint8Array<ArrayBuffer>} data
   */
  #decode(init, time, data) {
    if (!this.#wanted || (this.#decoder?.decodeQueueSize ?? 0) > MAX_QUEUE) return;
    try {
      if (!this.#configured) this.#configure(init);
      this.#decoder?.decode(new EncodedAudioChunk({ type: 'key', timestamp: Math.round(time * 1e6), data }));
    } catch (error) {
      this.#failed(/** @type {Error} */ (error));
    }
  }

  /** @param {import('./codec-init.js').CodecInit} init */
  #configure(init) {
    if (!this.#decoder || this.#decoder.state === 'closed') {
      /** @type {AudioDecoder} */
      const decoder = new this.#Decoder({
        output: (data) => (decoder === this.#decoder ? this.#decodedOne(data) : data.close()),
        error: (error) => decoder === this.#decoder && this.#failed(error),
      });
      this.#decoder = decoder;
    }
    this.#decoder?.configure(/** @type {AudioDecoderConfig} */ (init.config));
    this.#configured = true;
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
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#configured = false;
  }
}
