/** @typedef {import('./engine-choice.js').EngineChoice} EngineChoice */

/** What a viewer does with the engine that plays, whichever that is, and sees of it. */
export class Playback extends EventTarget {
  #video;
  #choice;

  /**
   * @param {HTMLVideoElement} video
   * @param {() => EngineChoice} choice gives what holds the engine
   */
  constructor(video, choice) {
    super();
    this.#video = video;
    this.#choice = choice;
    video.addEventListener('volumechange', () => this.dispatchEvent(new Event('volumechange')));
  }

  /** Whether playback is kept at the live edge. */
  get isFollowing() {
    return this.#choice().engine?.isFollowing ?? true;
  }

  /** What the picture is shown in. */
  get surface() {
    return this.#choice().engine?.surface ?? this.#video;
  }

  /** Whether there is nothing to look at, not even a frozen picture. */
  get isEmpty() {
    return this.#choice().engine?.isEmpty ?? true;
  }

  /** Whether playback is paused. */
  get paused() {
    return this.#choice().engine?.paused ?? true;
  }

  /** Whether the sound is off. The video element keeps this for every engine, as it does the volume. */
  get muted() {
    return this.#video.muted;
  }

  set muted(value) {
    this.#video.muted = value;
  }

  /** The volume, 0 to 1. */
  get volume() {
    return this.#video.volume;
  }

  set volume(value) {
    this.#video.volume = value;
  }

  /** The captions and subtitles that a page has added to the video. */
  get textTracks() {
    return this.#video.textTracks;
  }

  /** Whether the browser refuses to start until the viewer asks for it. */
  get isBlocked() {
    return this.#choice().engine?.isBlocked ?? false;
  }

  /** Whether the sound is off only because the browser would not start with it. */
  get isMutedByBrowser() {
    return this.#choice().engine?.isMutedByBrowser ?? false;
  }

  /** Whether the stream that plays has sound. */
  get hasAudio() {
    return this.#choice().engine?.hasAudio ?? false;
  }

  /** Plays on. */
  play() {
    this.#choice().play();
  }

  /** Pauses. The stream still comes in, and playback can go on where it was for about two minutes. */
  pause() {
    this.#choice().pause();
  }

  /** Goes to the live edge. */
  goLive() {
    this.#choice().engine?.goLive();
  }

  /**
   * Moves within what is buffered.
   *
   * @param {number} seconds
   */
  seekBy(seconds) {
    this.#choice().engine?.seekBy(seconds);
  }
}
