// An audio worklet that plays decoded sound. By its port it is told another margin, and given another port, by which the
// sound comes and by which it says what is heard.

import { SoundRing } from './codec-ring.js';
import { LiveEdge } from './live-edge.js';

/** @type {any} */
const scope = globalThis;

/** It tells how it stands once in so many seconds. */
const TELL = 0.02;

class Player extends scope.AudioWorkletProcessor {
  #ring;
  /** @type {MessagePort | null} */
  #port = null;
  #told = 0;
  #open = true;

  /** @param {{processorOptions: {margin: number, hold: number}}} options */
  constructor({ processorOptions: { margin, hold } }) {
    super();
    this.#ring = new SoundRing(scope.sampleRate, new LiveEdge());
    this.#ring.aim(scope.currentTime, margin, hold);
    /** @type {any} */ (this).port.onmessage = (/** @type {MessageEvent} */ { data, ports: [port] }) => {
      if (data) return this.#ring.aim(scope.currentTime, data.margin, data.hold);
      this.#port = port;
      if (port) port.onmessage = ({ data }) => this.#take(data);
      else this.#open = false;
    };
  }

  /**
   * @param {unknown} _
   * @param {Float32Array[][]} outputs
   * @returns {boolean}
   */
  process(_, [channels]) {
    this.#ring.read(scope.currentTime, channels);
    if (scope.currentTime >= this.#told + TELL) this.#tell();
    return this.#open;
  }

  /** @param {{sound?: import('./codec-sound.js').Sound, need?: number, clear?: boolean}} message */
  #take({ sound, need, clear }) {
    if (clear) this.#ring.clear();
    if (need !== undefined) this.#ring.setNeed(need);
    if (sound) this.#ring.write(scope.currentTime, sound);
  }

  #tell() {
    this.#told = scope.currentTime;
    const { playing, position, ahead, target, rate, stalls, jumps } = this.#ring;
    this.#port?.postMessage({ playing, position, ahead, target, rate, stalls, jumps });
  }
}

scope.registerProcessor('livews-sound', Player);
