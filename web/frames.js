/**
 * Calls a function with each frame that an element presents: with its place on the element's time line, in seconds,
 * and when it is shown, on the clock of performance.now. Where the browser does not tell (WebKit), never.
 */
export class FrameWatch {
  #video;
  #onframe;
  #handle = 0;
  #closed = false;

  /**
   * @param {HTMLVideoElement} video
   * @param {(time: number, shownAt: number) => void} onframe
   */
  constructor(video, onframe) {
    this.#video = video;
    this.#onframe = onframe;
    this.#next();
  }

  /** Whether the browser tells of frames. */
  get works() {
    return 'requestVideoFrameCallback' in this.#video;
  }

  /** Stops. */
  close() {
    this.#closed = true;
    if (this.works) this.#video.cancelVideoFrameCallback(this.#handle);
  }

  #next() {
    if (this.#closed || !this.works) return;
    this.#handle = this.#video.requestVideoFrameCallback((_, { mediaTime, expectedDisplayTime }) => {
      this.#next();
      this.#onframe(mediaTime, expectedDisplayTime);
    });
  }
}
