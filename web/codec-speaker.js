const WORKLET = new URL('./codec-worklet.js', import.meta.url);
/** A browser that has not let the sound begin by then does not, in milliseconds. */
const REFUSED_AFTER = 500;
/** How often the delay of the audio device is read, in milliseconds. */
const READ = 1_000;
/** A delay of the audio device beyond this, in seconds, is not believed. */
const MAX_LATENCY = 0.5;

/**
 * @typedef {object} SpeakerHandlers
 * @property {(port: MessagePort) => void} onport by which the worklet takes sound
 * @property {(aloud: boolean, latency: number) => void} onaloud whether sound is heard, and how late, in seconds
 * @property {() => void} onrefused the browser does not play sound aloud until the viewer does something
 * @property {(message: string) => void} onerror
 */

/**
 * The way from decoded sound to the ear: an audio context with a worklet, which obeys `muted` and `volume` of a video
 * element. It takes nothing of the device until there is something to hear.
 */
export class Speaker {
  #video;
  #handlers;
  #clock;
  #aim;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {GainNode | null} */
  #gain = null;
  #track = { channels: 2, sampleRate: 48_000 };
  #wanted = false;
  #aloud = false;
  #timer = 0;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {SpeakerHandlers} handlers
   * @param {import('./clock.js').Clock} clock
   * @param {number} margin in seconds
   */
  constructor(video, handlers, clock, margin) {
    this.#video = video;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#aim = { margin, hold: 0 };
    video.addEventListener('volumechange', () => this.#refresh(), { signal: this.#listening.signal });
  }

  /**
   * Says what the sound is like, before it is wanted.
   *
   * @param {import('./message.js').TrackInfo} info
   */
  setTrack({ channels = 2, sampleRate = 48_000 }) {
    this.#track = { channels: Math.min(channels, 8), sampleRate };
  }

  /**
   * Whether there is sound to be heard, which is not paused.
   *
   * @param {boolean} value
   */
  set wanted(value) {
    this.#wanted = value;
    this.#refresh();
  }

  /**
   * Steers to another margin.
   *
   * @param {number} margin in seconds
   * @param {number} hold see LiveEdge.aim
   */
  aim(margin, hold) {
    this.#aim = { margin, hold };
    this.#node?.port.postMessage(this.#aim);
  }

  close() {
    this.#listening.abort();
    this.#clock.clearTimeout(this.#timer);
    void this.#context?.close();
    this.#context = null;
  }

  #refresh() {
    const aloud = this.#wanted && !this.#video.muted && this.#video.volume > 0;
    if (aloud && !this.#context) void this.#open().catch((error) => this.#failed(error));
    if (this.#gain) this.#gain.gain.value = this.#video.volume;
    if (aloud) this.#resume();
    else this.#suspend();
  }

  async #open() {
    const context = this.#newContext();
    this.#context = context;
    context.onstatechange = () => this.#read();
    await context.audioWorklet.addModule(WORKLET);
    if (context === this.#context) this.#connect(context);
  }

  /** @param {Error} error */
  #failed(error) {
    if (!this.#listening.signal.aborted) this.#handlers.onerror(error.message);
  }

  /** At the rate of the stream, so that the browser resamples where it has to; not all rates can be. */
  #newContext() {
    try {
      return new AudioContext({ latencyHint: 'interactive', sampleRate: this.#track.sampleRate });
    } catch {
      return new AudioContext({ latencyHint: 'interactive' });
    }
  }

  /** @param {AudioContext} context */
  #connect(context) {
    const node = new AudioWorkletNode(context, 'livews-sound', {
      numberOfInputs: 0,
      outputChannelCount: [this.#track.channels],
      processorOptions: this.#aim,
    });
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(null, [port1]);
    this.#node = node;
    this.#gain = new GainNode(context, { gain: this.#video.volume });
    node.connect(this.#gain).connect(context.destination);
    this.#handlers.onport(port2);
    this.#read();
  }

  #resume() {
    const context = this.#context;
    if (!context || context.state === 'running') return this.#read();
    // Where it is not allowed this stays undecided.
    context.resume().catch(() => {});
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      if (context === this.#context && context.state !== 'running') this.#handlers.onrefused();
    }, REFUSED_AFTER);
  }

  #suspend() {
    // A context that does not run now has not been refused.
    this.#clock.clearTimeout(this.#timer);
    this.#context?.suspend().catch(() => {});
    this.#read();
  }

  /** Reads how things stand, and does so again while sound is heard. */
  #read() {
    const context = this.#context;
    const aloud = this.#wanted && !this.#video.muted && this.#video.volume > 0 && context?.state === 'running' && this.#gain !== null;
    if (aloud || this.#aloud) this.#handlers.onaloud(aloud, Math.min((context?.outputLatency ?? 0) || 0, MAX_LATENCY));
    this.#aloud = aloud;
    if (!aloud) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#read(), READ);
  }
}
