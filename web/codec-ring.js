import { Lapses } from './codec-lapses.js';

/** The most sound that waits, in seconds. */
const MAX_AHEAD = 45;
/** What follows this closely follows at once, in seconds. */
const CLOSE = 0.001;
/** It is silent, to let more wait, where this much is lacking, in seconds. */
const FAR = 0.25;
/** A longer hole than this is not kept as silence, in seconds. */
const MAX_HOLE = 0.5;
/** What comes first may be a burst: playback begins so many seconds later. */
const BURST = 0.1;
/** Rates within which the change of pitch is not heard. */
const MIN_RATE = 0.98;
const MAX_RATE = 1.02;
/** Where the live edge asks for this rate, what is too much is left out: with the rates above that would take too long. */
const SKIP_RATE = 1.08;

/**
 * Sound that waits to be heard: it comes in pieces with their times, and goes out at the pace of the audio device, as
 * near the live edge as its target lets it. It runs in an audio worklet. Times are in seconds.
 */
export class SoundRing {
  /** Whether sound goes out. */
  playing = false;
  stalls = 0;
  jumps = 0;
  rate = 1;
  /** Which moment goes out next. */
  position = 0;
  #sampleRate;
  #edge;
  #lapses = new Lapses();
  /** @type {import('./codec-sound.js').Sound[]} */
  #pieces = [];
  #since = -1;
  /** How much is to be left out next, in seconds. */
  #skip = 0;
  /** How loud the next sample is, and by how much more each that follows, so that nothing clicks. */
  #loudness = 1;
  #swell = 0;

  /**
   * @param {number} sampleRate of the audio device
   * @param {import('./live-edge.js').LiveEdge} edge
   */
  constructor(sampleRate, edge) {
    this.#sampleRate = sampleRate;
    this.#edge = edge;
  }

  /** How much waits. */
  get ahead() {
    return this.#pieces.length ? this.#end - this.position : 0;
  }

  /** The margin that is steered to. */
  get target() {
    return this.#edge.target;
  }

  /**
   * Steers to another margin. Where much more is to wait than does, it is silent until it does.
   *
   * @param {number} now
   * @param {number} margin
   * @param {number} hold see LiveEdge.aim
   */
  aim(now, margin, hold) {
    this.#edge.aim(margin, hold);
    if (!this.playing || this.#edge.distance - this.ahead <= FAR) return;
    this.#pause(now);
  }

  /**
   * Says how much has to wait whatever the network does.
   *
   * @param {number} need
   */
  setNeed(need) {
    this.#edge.setNeed(need);
  }

  /**
   * Takes in what follows.
   *
   * @param {number} now
   * @param {import('./codec-sound.js').Sound} sound
   */
  write(now, { time, sampleRate, planes }) {
    const length = planes[0].length / sampleRate;
    this.#edge.setBurst(length);
    if (!this.#pieces.length || time > this.#end + MAX_HOLE || time < this.#end - MAX_HOLE) {
      this.#pieces = [];
      this.position = time;
    } else if (Math.abs(time - this.#end) < CLOSE) {
      time = this.#end;
    } else if (time + length <= this.#end) {
      return;
    }
    if (this.playing) this.#steer(now);
    this.#pieces.push({ time, sampleRate, planes });
    if (this.ahead > MAX_AHEAD) this.position = this.#end - MAX_AHEAD;
    this.#forget();
  }

  /**
   * Fills the channels with what is due: silence if there is nothing.
   *
   * @param {number} now
   * @param {Float32Array[]} channels
   */
  read(now, channels) {
    const count = channels[0].length;
    const step = this.rate / this.#sampleRate;
    if (!this.playing) this.#start(now);
    if (!this.playing || this.ahead < count * step) {
      if (this.playing) this.#ranDry(now);
      for (const channel of channels) channel.fill(0);
      return;
    }
    this.#swell = this.#skip > 0 ? -1 / count : this.#loudness < 1 ? 1 / count : 0;
    for (let i = 0; i < count; i++) {
      this.#mix(channels, i);
      this.position += step;
      this.#loudness = Math.min(Math.max(this.#loudness + this.#swell, 0), 1);
    }
    this.#leaveOut();
    this.#forget();
    this.#steer(now);
  }

  /** Forgets all sound. */
  clear() {
    this.#pieces = [];
    this.#since = -1;
    this.playing = false;
    this.rate = 1;
    this.#skip = 0;
    this.#edge.reset();
  }

  get #end() {
    const last = this.#pieces[this.#pieces.length - 1];
    return last.time + last.planes[0].length / last.sampleRate;
  }

  /**
   * Starts when enough waits, and leaves out what is more.
   *
   * @param {number} now
   */
  #start(now) {
    if (!this.#pieces.length) return;
    if (this.#since < 0) this.#since = now;
    if (now - this.#since < BURST || this.ahead < this.#edge.distance) return;
    this.position = this.#end - this.#edge.distance;
    this.playing = true;
    this.#edge.reset();
    this.#forget();
  }

  /** @param {number} now */
  #ranDry(now) {
    this.#pause(now);
    this.stalls++;
    if (this.#lapses.recur(now)) this.#edge.stalled(now);
    else this.#edge.reset();
  }

  /** @param {number} now */
  #pause(now) {
    this.playing = false;
    this.#since = now;
    this.#skip = 0;
    this.rate = 1;
  }

  /** @param {number} now */
  #steer(now) {
    // What waits just before more comes is the trough.
    const { rate, jump } = this.#edge.sample(now, this.ahead);
    this.rate = Math.min(Math.max(rate, MIN_RATE), MAX_RATE);
    this.#skip ||= rate >= SKIP_RATE ? (this.#edge.trough ?? 0) - this.#edge.target : jump;
  }

  /** Leaves out what is too much, where the sound has just been faded out for it. */
  #leaveOut() {
    if (this.#skip <= 0) return;
    this.jumps++;
    this.position = Math.min(this.position + this.#skip, this.#end);
    this.#skip = 0;
    this.#edge.reset();
  }

  /**
   * Puts the sample that is due into the channels.
   *
   * @param {Float32Array[]} channels
   * @param {number} i
   */
  #mix(channels, i) {
    let [piece] = this.#pieces;
    let at = (this.position - piece.time) * piece.sampleRate;
    while (at >= piece.planes[0].length && this.#pieces.length > 1) {
      this.#pieces.shift();
      [piece] = this.#pieces;
      at = (this.position - piece.time) * piece.sampleRate;
    }
    const first = Math.floor(at);
    const part = at - first;
    const next = this.#pieces[1];
    for (let c = 0; c < channels.length; c++) {
      const plane = piece.planes[Math.min(c, piece.planes.length - 1)];
      const a = plane[Math.max(first, 0)] ?? 0;
      const b = plane[first + 1] ?? next?.planes[Math.min(c, next.planes.length - 1)][0] ?? a;
      // In front of a piece is a hole.
      channels[c][i] = first < -1 ? 0 : this.#loudness * (a + (b - a) * part);
    }
  }

  /** Lets go of what has gone out. */
  #forget() {
    while (this.#pieces.length > 1 && this.#pieces[1].time <= this.position) this.#pieces.shift();
  }
}
