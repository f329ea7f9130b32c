/** A browser that has shown this much and told of no frame does not tell of any, in seconds. */
const SILENT = 1;
/** A step of the playhead that is longer than this is no playback, in seconds. */
const MAX_STEP = 0.5;

/**
 * Calls a function with each frame that an element presents: with its place on the element's time line, in seconds,
 * and when it is shown, on the clock of performance.now. Where the browser does not tell (it has no
 * requestVideoFrameCallback, or never calls back, as WebKitGTK), it is called with the playback position instead, each
 * time that the page is drawn with another one.
 */
export class FrameWatch {
  #video;
  #onframe;
  #handle = 0;
  #drawing = 0;
  #time = -1;
  #unseen = 0;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {(time: number, shownAt: number) => void} onframe
   */
  constructor(video, onframe) {
    this.#video = video;
    this.#onframe = onframe;
    if ('requestVideoFrameCallback' in video) {
      video.addEventListener('timeupdate', () => this.#suspect(), { signal: this.#listening.signal });
      this.#next();
    } else {
      this.#draw();
    }
  }

  /** Stops. */
  close() {
    this.#listening.abort();
    this.#video.cancelVideoFrameCallback?.(this.#handle);
    if (this.#drawing) cancelAnimationFrame(this.#drawing);
  }

  #next() {
    this.#handle = this.#video.requestVideoFrameCallback((_, { mediaTime, expectedDisplayTime }) => {
      this.#unseen = 0;
      if (this.#drawing) cancelAnimationFrame(this.#drawing);
      this.#drawing = 0;
      this.#next();
      this.#onframe(mediaTime, expectedDisplayTime);
    });
  }

  /** Playback has gone on: a browser that tells of frames should have told. */
  #suspect() {
    // Of a page that cannot be seen no browser shows frames.
    if (this.#drawing || document.hidden) return;
    this.#unseen += this.#step();
    if (this.#unseen > SILENT) this.#draw();
  }

  #draw() {
    this.#drawing = requestAnimationFrame((now) => {
      this.#draw();
      if (this.#step() > 0) this.#onframe(this.#time, now);
    });
  }

  /** Returns by how much playback has gone on since the last call, in seconds. */
  #step() {
    const { currentTime, seeking, readyState } = this.#video;
    const step = currentTime - this.#time;
    this.#time = currentTime;
    return !seeking && readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && step > 0 && step < MAX_STEP ? step : 0;
  }
}
