// An audio worklet that hands on what it hears: pieces of about 10 ms, with the number of their first sample.

/** @type {any} */
const scope = globalThis;

const CHANNELS = 2;
/** Samples of a piece: whole render quanta of 128. */
const PIECE = Math.max(Math.round(scope.sampleRate / 100 / 128), 1) * 128;

class Tap extends scope.AudioWorkletProcessor {
  #samples = new Float32Array(PIECE * CHANNELS);
  #filled = 0;

  /**
   * @param {Float32Array[][]} inputs
   * @returns {boolean}
   */
  process([input]) {
    const length = input[0]?.length ?? 128;
    // Without a microphone there are no channels: silence keeps the sound on time.
    for (let channel = 0; channel < CHANNELS; channel++) {
      const samples = input[channel] ?? input[0];
      if (samples) this.#samples.set(samples, channel * PIECE + this.#filled);
    }
    this.#filled += length;
    if (this.#filled >= PIECE) this.#hand(scope.currentFrame + length - PIECE);
    return true;
  }

  /** @param {number} first */
  #hand(first) {
    const samples = this.#samples;
    this.#samples = new Float32Array(PIECE * CHANNELS);
    this.#filled = 0;
    /** @type {any} */ (this).port.postMessage({ first, samples }, [samples.buffer]);
  }
}

scope.registerProcessor('livews-tap', Tap);
