/** Decoders of WebCodecs which hand back what they are given, when a test says so. */

globalThis.EncodedVideoChunk ??= class {
  constructor(init) {
    Object.assign(this, init);
  }
};
globalThis.EncodedAudioChunk ??= globalThis.EncodedVideoChunk;

/** Returns a class of decoders, and all that were made of it. */
export function fakeDecoders({ supported = true } = {}) {
  const made = [];
  class FakeDecoder {
    static isConfigSupported = async (config) => ({ supported, config });
    state = 'unconfigured';
    given = [];
    configs = [];
    #init;
    #flushed = null;

    constructor(init) {
      this.#init = init;
      made.push(this);
    }

    get decodeQueueSize() {
      return this.given.length;
    }

    configure(config) {
      this.state = 'configured';
      this.configs.push(config);
    }

    decode(chunk) {
      if (this.state !== 'configured') throw new Error(`decode while ${this.state}`);
      this.given.push(chunk);
    }

    /** Ends when what it has been given has been handed back. */
    flush() {
      return new Promise((resolve) => (this.#flushed = resolve));
    }

    reset() {
      this.state = 'unconfigured';
      this.given = [];
    }

    close() {
      this.state = 'closed';
    }

    /** Hands back so many. */
    finish(count = this.given.length) {
      for (const { timestamp, data } of this.given.splice(0, count)) this.#init.output(fakeFrame(timestamp, data));
      this.ondequeue?.();
      if (!this.given.length) this.#flushed?.();
    }

    fail(name = 'EncodingError') {
      this.state = 'closed';
      this.#init.error(Object.assign(new Error('cannot'), { name }));
    }
  }
  return { FakeDecoder, made };
}

/** A frame or a piece of sound, which knows whether it has been closed. */
export function fakeFrame(timestamp, data = null) {
  return {
    timestamp, data, closed: 0, displayWidth: 64, displayHeight: 36, sampleRate: 48_000, numberOfFrames: 4, numberOfChannels: 2,
    copyTo: (plane, { planeIndex }) => plane.fill(planeIndex + 1),
    close() {
      this.closed++;
    },
  };
}
