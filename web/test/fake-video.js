import { timeRanges } from './fake-buffer.js';

/** A video element as far as a Playhead knows one. */
export class FakeVideo extends EventTarget {
  paused = true;
  ended = false;
  muted = false;
  volume = 1;
  seeking = false;
  playbackRate = 1;
  ranges = [];
  /** Where the playhead was set to. */
  seeks = [];
  /** Errors that the next calls of play throw. */
  refusals = [];
  #time = 0;

  get buffered() {
    return timeRanges(this.ranges);
  }

  get currentTime() {
    return this.#time;
  }

  set currentTime(time) {
    this.#time = time;
    this.seeking = true;
    this.seeks.push(Math.round(time * 1000) / 1000);
  }

  async play() {
    const name = this.refusals.shift();
    if (name) throw new DOMException('no', name);
    this.paused = false;
    this.dispatchEvent(new Event('play'));
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }

  /** The seek under way is done. */
  arrive() {
    this.seeking = false;
    this.dispatchEvent(new Event('seeked'));
  }

  /** Playback moves on. */
  move(seconds) {
    this.#time += seconds;
    this.dispatchEvent(new Event('timeupdate'));
  }

  fire(type) {
    this.dispatchEvent(new Event(type));
  }
}
