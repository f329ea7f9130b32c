import { aloudNeed } from './chromium-sound.js';
import { Lack } from './lack.js';
import { LiveEdge } from './live-edge.js';
import { LiveSteps } from './live-steps.js';
import { beyondHole, listRanges } from './ranges.js';
import { isHeard, setRate } from './rate.js';
import { RateCost } from './rate-cost.js';
import { isInPicture } from './screen.js';
import { systemClock } from './clock.js';

/** This little media in front of the playhead is none, in seconds; when playback has run dry, more is none. */
const SLACK = 0.05;
const DRY_SLACK = 0.3;
/** A picture that has stood for this long stands still, in milliseconds. */
const FROZEN_AFTER = 1_000;
/** A picture stands still though it need not where there is more media than this ahead, in seconds. */
const STUCK = 0.3;
/** How many nudges a frozen picture gets before its media is given up. */
const MAX_NUDGES = 3;
/** This far behind the live edge playback still follows it when it goes on after a pause, in seconds. */
const NEAR = 1;
/** It is moved back at once where the place it should have is so far back, in seconds; where it is ahead, a LiveEdge says so. */
const FAR = 0.25;

/** @typedef {import('./ranges.js').Range} Range */

/**
 * @typedef {object} PlayheadHandlers
 * @property {() => void} onchange something has changed that a viewer could be told
 * @property {() => void} onstuck there is media, and yet nothing moves it
 */

/**
 * Moves the playhead of a video element: it places it near the live edge, keeps it there by gentle changes of the
 * rate, carries it over holes, and gets it going again when it ran dry. What it does is driven by update and by
 * the element's own events.
 *
 * While the viewer has paused or gone back it leaves the playhead alone.
 */
export class Playhead {
  /** Whether the sound was turned off only because the browser would not start with it. */
  mutedByBrowser = false;
  /** Whether the browser refuses to start without being asked to by the viewer. */
  blocked = false;
  /** Whether playback lacks media at the moment, for long enough that a viewer notices. */
  frozen = false;
  stalls = 0;
  jumps = 0;
  holes = 0;
  /** How often it was moved because media came after playback had run dry, or by a nudge. */
  recoveries = { dry: 0, nudge: 0 };
  /** Whether more media is on its way into the element. */
  filling = false;

  #video;
  #handlers;
  #clock;
  #edge;
  #steps = new LiveSteps();
  #rateCost;
  #audio = false;
  #placed = false;
  #following = true;
  #wanted = true;
  /** What playback lacks at the moment. @type {Lack | null} */
  #lack = null;
  /** Whether the page is frozen: its media is paused then, whatever the viewer wants. */
  #away = false;
  /** Whether playback has moved since the playhead was set. */
  #settled = false;
  /** The end of the media, and when the last of it came. */
  #end = 0;
  #grownAt = 0;
  #progress = { time: -1, at: 0, nudges: 0 };
  #watchdog = 0;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {PlayheadHandlers} handlers
   * @param {import('./clock.js').Clock} [clock]
   * @param {LiveEdge} [edge]
   */
  constructor(video, handlers, clock = systemClock, edge = new LiveEdge()) {
    this.#video = video;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#edge = edge;
    this.#rateCost = new RateCost(video, clock);
    this.#listen('waiting', () => this.#ranDry());
    this.#listen('pause', () => this.#paused());
    this.#listen('play', () => this.#played());
    this.#listen('volumechange', () => this.#volumeChanged());
    document.addEventListener('freeze', () => (this.#away = true), { signal: this.#listening.signal });
    for (const type of ['timeupdate', 'seeked', 'playing', 'loadeddata']) this.#listen(type, () => this.update());
  }

  /** Whether a first position has been found. */
  get isPlaced() {
    return this.#placed;
  }

  /** Whether the tracks include sound. */
  get hasAudio() {
    return this.#audio;
  }

  set hasAudio(value) {
    this.#audio = value;
    this.#listenIn();
  }

  /** Whether playback is kept at the live edge. */
  get isFollowing() {
    return this.#following;
  }

  /** How far playback is behind the place that it would have at the live edge, in seconds. */
  get lag() {
    return this.#placed ? Math.max(0, this.#end - this.#video.currentTime - this.#edge.distance) : 0;
  }

  /** How much media lies ahead, in seconds. */
  get ahead() {
    return Math.max(0, this.#end - this.#video.currentTime);
  }

  /** The margin that is steered to, in seconds. */
  get target() {
    return this.#edge.target;
  }

  /** Steers to another margin: see LiveEdge.aim. @param {number} margin @param {number} hold */
  aim(margin, hold) {
    this.#edge.aim(margin, hold);
    const range = listRanges(this.#video.buffered).at(-1);
    if (!range || !this.#placed || !this.#following || this.#video.paused) return;
    if (this.#video.currentTime - this.#live(range) > FAR) this.#seek(this.#live(range));
  }

  /** Says how much media comes at once, in seconds. @param {number} burst */
  setBurst(burst) {
    this.#edge.setBurst(burst);
  }

  /** Takes a look at what is buffered, and moves the playhead where it should be elsewhere. */
  update() {
    const ranges = listRanges(this.#video.buffered);
    if (!this.#placed || !ranges.length) return;
    this.#watch();
    this.#rateCost.watch();
    this.#leaveHole(ranges);
    if (this.#settled && this.#following && !this.#video.paused) this.#follow(ranges[ranges.length - 1].end);
    this.#reach(ranges[ranges.length - 1].end);
    this.#handlers.onchange();
  }

  /** Finds the first position, and starts. It is for the moment when all that has come is buffered. */
  place() {
    const range = listRanges(this.#video.buffered).at(-1);
    if (this.#placed || !range) return;
    this.#placed = true;
    this.#reach(range.end);
    this.#seek(this.#live(range));
    if (this.#wanted) void this.#start();
    this.#handlers.onchange();
  }

  /** Begins anew with other media in the same element. */
  reset() {
    this.#placed = this.#settled = false;
    this.#lack = null;
    this.#setFrozen(false);
    this.#progress = { time: -1, at: 0, nudges: 0 };
    this.#edge.reset();
  }

  /** Plays on, at the live edge if the playhead is near it. */
  play() {
    this.#wanted = true;
    this.blocked = false;
    if (this.#placed) void this.#start();
  }

  /** Pauses. */
  pause() {
    this.#wanted = false;
    this.#video.pause();
  }

  /** Goes to the live edge, and stays there. */
  goLive() {
    const range = listRanges(this.#video.buffered).at(-1);
    this.#following = true;
    if (range && this.#placed) this.#seek(this.#live(range));
    this.play();
  }

  /** Moves by some seconds within what is buffered. @param {number} seconds */
  seekBy(seconds) {
    const ranges = listRanges(this.#video.buffered);
    if (!this.#placed || !ranges.length) return;
    const live = this.#live(ranges[ranges.length - 1]);
    const to = Math.max(this.#video.currentTime + seconds, ranges[0].start);
    this.#following = to >= live - NEAR / 2;
    this.#setRate(1);
    this.#seek(Math.min(to, live));
    this.#handlers.onchange();
  }

  /** Says that the page is looked at again. A browser may have stopped the picture in the meantime. */
  shown() {
    this.#away = false;
    if (!this.#wanted || !this.#following || !this.#placed) return;
    if (this.#video.paused || this.lag > NEAR / 4) this.goLive();
  }

  /** Lets go of the element. */
  close() {
    this.reset();
    this.#listening.abort();
  }

  /** @param {Range[]} ranges */
  #leaveHole(ranges) {
    const { currentTime, seeking } = this.#video;
    // A seek that has ended in a hole would never be done.
    const beyond = beyondHole(ranges, currentTime, seeking ? 0 : this.#lack ? DRY_SLACK : SLACK);
    if (beyond === null) return;
    this.holes++;
    this.#seek(beyond + 0.001);
  }

  /** @param {number} end */
  #follow(end) {
    if (this.#lack) return this.#resume(end, this.#lack);
    // What was ahead before the new media came: that is the trough.
    const ahead = this.#end - this.#video.currentTime;
    const now = this.#now();
    const decision = this.#edge.sample(now, ahead);
    const { rate, jump } = this.#rateCost.isHigh ? this.#steps.sample(now, ahead, this.#edge) : decision;
    if (jump) {
      this.jumps++;
      this.#seek(this.#video.currentTime + jump);
    }
    this.#setRate(rate);
  }

  /**
   * Gets going again once there is media. With sound the playhead is always moved: Chromium would wait longer
   * each time that it ran dry, and forgets that with a seek.
   *
   * @param {number} end
   * @param {Lack} lack
   */
  #resume(end, lack) {
    const { currentTime } = this.#video;
    // In the middle of a burst the live edge is not known yet.
    if (this.filling || !lack.isOver(this.#now(), end, this.#edge.distance)) return;
    this.#lack = null;
    this.#edge.stalled(this.#now(), lack.length);
    const live = Math.max(currentTime, end - this.#edge.distance);
    if (!this.hasAudio && live - currentTime <= SLACK) return;
    this.recoveries.dry++;
    this.#seek(live);
  }

  #ranDry() {
    // Right after a seek every browser waits for a moment; that says nothing.
    if (!this.#settled || this.#video.paused || this.#video.seeking) return;
    this.#clock.clearTimeout(this.#watchdog);
    this.#watchdog = this.#clock.setTimeout(() => this.#setFrozen(true), FROZEN_AFTER);
    this.#rateCost.forget();
    this.stalls++;
    this.#lack ??= new Lack(this.#now(), this.#end, this.#grownAt);
    this.#lack.repeat(this.#end);
    this.update();
  }

  /** Watches whether the picture moves while it should. */
  #watch() {
    const now = this.#clock.now();
    const time = this.#video.currentTime;
    if (time !== this.#progress.time || this.#video.paused) {
      const moved = time > this.#progress.time && !this.#video.seeking && !this.#video.paused;
      this.#progress = { time, at: now, nudges: moved ? 0 : this.#progress.nudges };
      if (!moved) return;
      this.#settled = true;
      this.#setFrozen(false);
    } else if (this.#end - time <= STUCK) {
      this.#progress.at = now;
    } else if (now - this.#progress.at > FROZEN_AFTER) {
      this.#nudge(now);
    }
  }

  /** @param {number} end of the media */
  #reach(end) {
    if (end !== this.#end) this.#grownAt = this.#now();
    this.#end = end;
  }

  #now() {
    return this.#clock.now() / 1000;
  }

  /** @param {number} now */
  #nudge(now) {
    this.#progress.at = now;
    this.#setFrozen(true);
    if (this.#progress.nudges++ >= MAX_NUDGES) {
      this.#handlers.onstuck();
      return;
    }
    this.recoveries.nudge++;
    this.#seek(Math.min(this.#video.currentTime + 0.1, this.#end - SLACK));
  }

  /** @param {boolean} frozen */
  #setFrozen(frozen) {
    if (!frozen) this.#clock.clearTimeout(this.#watchdog);
    if (this.frozen === frozen) return;
    this.frozen = frozen;
    this.#handlers.onchange();
  }

  async #start() {
    try {
      await this.#video.play();
    } catch (error) {
      if (/** @type {Error} */ (error).name !== 'NotAllowedError') return;
      if (this.#video.muted) {
        this.blocked = true;
        this.#wanted = false;
      } else {
        this.#video.muted = true;
        this.mutedByBrowser = true;
        await this.#start();
      }
      this.#handlers.onchange();
    }
  }

  #paused() {
    // A browser pauses a hidden muted video by itself; the viewer can only do so from a small window of its own.
    if (this.#away || this.#video.ended || !this.#video.paused || (document.hidden && !isInPicture(this.#video))) return;
    this.#wanted = false;
    this.#following = false;
    this.#setFrozen(false);
    this.#setRate(1);
    this.#handlers.onchange();
  }

  #played() {
    this.#wanted = true;
    this.blocked = false;
    this.#edge.reset();
    if (this.lag < NEAR) this.#following = true;
    this.#handlers.onchange();
  }

  /** Takes in whether sound is played aloud. */
  #listenIn() {
    this.#edge.setNeed(this.#audio && isHeard(this.#video) ? aloudNeed() : 0);
    this.#setRate(this.#video.playbackRate);
  }

  #volumeChanged() {
    if (!this.#video.muted) this.mutedByBrowser = false;
    this.#listenIn();
    this.#handlers.onchange();
  }

  /** Returns the position of the live edge. @param {Range} range the last one */
  #live(range) {
    return Math.max(range.start, range.end - this.#edge.distance);
  }

  /** @param {number} to */
  #seek(to) {
    this.#edge.reset();
    this.#steps.reset();
    this.#rateCost.forget();
    this.#lack = null;
    this.#settled = false;
    this.#progress = { ...this.#progress, time: to, at: this.#clock.now() };
    this.#video.currentTime = to;
  }

  /** @param {number} rate */
  #setRate(rate) {
    if (this.#video.playbackRate !== rate) this.#rateCost.begin();
    setRate(this.#video, rate, this.#audio && isHeard(this.#video));
  }

  /** @param {string} type @param {() => void} listener */
  #listen(type, listener) {
    this.#video.addEventListener(type, listener, { signal: this.#listening.signal });
  }
}
