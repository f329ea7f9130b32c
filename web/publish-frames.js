import { Ticks } from './publish-ticks.js';

/** A camera that gives no picture for so many milliseconds is helped out with its last one. */
const STILL = 1_000;

/**
 * What gives the pictures of a track as they are captured, until closed.
 *
 * @typedef {object} FrameSource
 * @property {() => void} close
 */

/**
 * Takes in a picture, which it closes; seen is when it was captured, or else came, in microseconds of performance.now;
 * again is true for one that has come before.
 *
 * @typedef {(frame: VideoFrame, seen: number, again?: boolean) => void} TakeFrame
 */

/**
 * Returns the source of a track's pictures that the browser has. A screen that nothing moves on gives none: then the
 * last one comes again, at the frame rate, so that the stream goes on.
 *
 * @param {MediaStreamTrack} track
 * @param {{frameRate: number, screen: boolean}} options
 * @param {TakeFrame} take
 * @returns {FrameSource}
 */
export function openFrames(track, { frameRate, screen }, take) {
  const interval = 1000 / frameRate;
  const repeater = new Repeater(interval, screen ? 1.5 * interval : STILL, take);
  const source =
    'MediaStreamTrackProcessor' in globalThis ? new ProcessorFrames(track, repeater.take) : new ElementFrames(track, interval, repeater.take);
  return {
    close: () => {
      source.close();
      repeater.close();
    },
  };
}

/** Hands pictures on, and the last one again when none comes. */
class Repeater {
  #take;
  #patience;
  #ticks;
  /** @type {VideoFrame | null} */
  #last = null;
  #at = 0;
  #seen = 0;
  #repeated = false;

  /**
   * @param {number} interval between repeated pictures, in milliseconds
   * @param {number} patience before the first of them, in milliseconds
   * @param {TakeFrame} take
   */
  constructor(interval, patience, take) {
    this.#take = take;
    this.#patience = patience;
    this.#ticks = new Ticks(interval, () => this.#tick());
  }

  /** @type {TakeFrame} */
  take = (frame, seen) => {
    this.#last?.close();
    this.#last = frame.clone();
    this.#at = performance.now();
    this.#seen = seen;
    this.#repeated = false;
    this.#take(frame, seen);
  };

  close() {
    this.#ticks.close();
    this.#last?.close();
    this.#last = null;
  }

  #tick() {
    const passed = performance.now() - this.#at;
    if (!this.#last || (!this.#repeated && passed < this.#patience)) return;
    this.#repeated = true;
    const later = Math.round(passed * 1000);
    this.#take(new VideoFrame(this.#last, { timestamp: this.#last.timestamp + later }), this.#seen + later, true);
  }
}

/** Pictures as the browser hands them out. */
class ProcessorFrames {
  #reader;

  /**
   * @param {MediaStreamTrack} track
   * @param {TakeFrame} take
   */
  constructor(track, take) {
    const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
    /** @type {ReadableStreamDefaultReader<VideoFrame>} */
    this.#reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 2 }).readable.getReader();
    void this.#read(take);
  }

  close() {
    void this.#reader.cancel().catch(() => {}); // It is over already.
  }

  /** @param {TakeFrame} take */
  async #read(take) {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      const captured = /** @type {any} */ (value).metadata?.().captureTime;
      take(value, 1000 * (Number.isFinite(captured) ? captured : performance.now()));
    }
  }
}

/** Pictures taken from a video element that plays the track. */
class ElementFrames {
  #video;
  #take;
  #ticks;
  #closed = false;
  #shownAt = -Infinity;
  #last = -1;

  /**
   * @param {MediaStreamTrack} track
   * @param {number} interval between two pictures, in milliseconds
   * @param {TakeFrame} take
   */
  constructor(track, interval, take) {
    this.#take = take;
    this.#video = document.createElement('video');
    this.#video.muted = this.#video.playsInline = true;
    this.#video.srcObject = new MediaStream([track]);
    this.#video.play().catch(() => {}); // Without playing there are no pictures, which is seen.
    this.#request();
    // Nothing is shown in a hidden tab; the element has its pictures all the same.
    this.#ticks = new Ticks(interval, () => {
      if (performance.now() - this.#shownAt > 4 * interval && document.hidden) this.#grab(performance.now());
    });
  }

  close() {
    this.#closed = true;
    this.#ticks.close();
    this.#video.srcObject = null;
  }

  #request() {
    this.#video.requestVideoFrameCallback((now, { captureTime, presentationTime }) => {
      if (this.#closed) return;
      this.#request();
      this.#shownAt = now;
      this.#grab(captureTime ?? Math.min(presentationTime, now));
    });
  }

  /** @param {number} at in milliseconds */
  #grab(at) {
    const timestamp = Math.round(at * 1000);
    if (this.#closed || timestamp <= this.#last || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#last = timestamp;
    this.#take(new VideoFrame(this.#video, { timestamp }), timestamp);
  }
}

/**
 * Makes a frame of another size of one, which stays open.
 *
 * @param {VideoFrame} frame
 * @param {{width: number, height: number}} size
 * @returns {VideoFrame}
 */
export function scaleFrame(frame, { width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false, desynchronized: true });
  context?.drawImage(frame, 0, 0, width, height);
  return new VideoFrame(canvas, { timestamp: frame.timestamp, alpha: 'discard' });
}
