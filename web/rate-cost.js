/** A change of the rate is judged after so many milliseconds. */
const JUDGED_AFTER = 120;
/**
 * Playback that is behind by no more than this after a change has not been halted by it, in milliseconds: where a browser
 * tells its position in steps, that is what they are.
 */
const USUAL = 45;
/** What one change may count at most, and how much more than usual all of them must have cost, in milliseconds. */
const MOST = 100;
const TOO_MUCH = 100;

/**
 * What it costs to change the rate of an element: most browsers do that in passing, but one that empties its decoders
 * for it stands still for a moment each time (WebKitGTK: 20 to 150 ms), and is farther behind then than the other rate
 * can make good. No browser says so: it is seen by how playback goes on.
 */
export class RateCost {
  /** Whether changes cost more than they bring. */
  isHigh = false;
  #video;
  #clock;
  /** The change that is watched. @type {{at: number, time: number} | null} */
  #change = null;
  #score = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {import('./clock.js').Clock} clock
   */
  constructor(video, clock) {
    this.#video = video;
    this.#clock = clock;
  }

  /** Says that the rate is about to change. */
  begin() {
    this.#change = { at: this.#clock.now(), time: this.#video.currentTime };
  }

  /** Takes a look at how playback has gone on since; it is to be called often. */
  watch() {
    if (this.#video.paused) this.forget();
    if (!this.#change) return;
    const passed = this.#clock.now() - this.#change.at;
    if (passed < JUDGED_AFTER) return;
    const lost = passed * this.#video.playbackRate - (this.#video.currentTime - this.#change.time) * 1000;
    this.#change = null;
    this.#score = Math.max(0, this.#score + Math.min(lost, MOST) - USUAL);
    if (this.#score >= TOO_MUCH) this.isHigh = true;
  }

  /** Says that playback stood or was moved for another reason: in a browser that runs dry, nothing can be told apart. */
  forget() {
    this.#change = null;
    this.#score = 0;
  }
}
