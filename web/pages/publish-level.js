/** The meter moves after so many milliseconds. */
const INTERVAL = 80;
/** What is as quiet as this, in decibels below full scale, is silence to the meter. */
const FLOOR = -60;

/** Shows how loud the microphone is. */
export class LevelMeter {
  #bar;
  #shown = 0;
  /** @type {AudioContext | null} */
  #context = null;
  #timer = 0;

  /** @param {HTMLElement} bar is scaled from nothing to its full width */
  constructor(bar) {
    this.#bar = bar;
  }

  /**
   * Begins to show the sound of a stream, if it has any.
   *
   * @param {MediaStream | null} stream
   */
  open(stream) {
    this.close();
    const tracks = stream?.getAudioTracks() ?? [];
    if (!tracks.length) return;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(new MediaStream(tracks)).connect(analyser);
    void context.resume();
    const samples = new Float32Array(analyser.fftSize);
    this.#context = context;
    this.#timer = window.setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      const level = 1 - Math.max(10 * Math.log10(power || 1e-12), FLOOR) / FLOOR;
      this.#show(Math.max(level, this.#shown - 0.08));
    }, INTERVAL);
  }

  /** Ends it. */
  close() {
    clearInterval(this.#timer);
    void this.#context?.close();
    this.#context = null;
    this.#show(0);
  }

  /** @param {number} level 0 to 1 */
  #show(level) {
    this.#shown = level;
    this.#bar.style.transform = `scaleX(${level.toFixed(3)})`;
  }
}
