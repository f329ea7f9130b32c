import { capture } from '../publish-capture.js';

/** Shows what a camera or a screen gives, and owns it. */
export class Preview {
  #video;
  /** @type {MediaStream | null} */
  #stream = null;
  #asked = 0;
  /**
   * Is called when a device is gone: 'camera' or 'screen'.
   *
   * @type {(device: string) => void}
   */
  onended = () => {};

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
  }

  /** What is captured, or null. */
  get stream() {
    return this.#stream;
  }

  /** Whether there is something to see. */
  get hasPicture() {
    return (this.#stream?.getVideoTracks().length ?? 0) > 0;
  }

  /**
   * Asks the user for the devices, and shows them. Reports whether that is still wanted then.
   *
   * @param {import('../publish-capture.js').VideoOptions | false} video
   * @param {import('../publish-capture.js').AudioOptions | false} audio
   * @returns {Promise<boolean>}
   * @throws {import('../publish-states.js').PublishError}
   */
  async open(video, audio) {
    this.close();
    const asked = ++this.#asked;
    const stream = await capture(video, audio);
    if (asked !== this.#asked) {
      stopTracks(stream);
      return false;
    }
    this.#stream = stream;
    const [picture] = stream.getVideoTracks();
    const screen = video && video.deviceId === 'screen';
    // The camera at the back of a phone shows the world, which is no mirror.
    const facing = picture?.getSettings().facingMode;
    this.#video.classList.toggle('mirrored', !screen && facing !== 'environment');
    this.#video.srcObject = picture ? new MediaStream([picture]) : null;
    this.#video.play().catch(() => {}); // It is muted; where it does not play all the same, it shows nothing.
    picture?.addEventListener('ended', () => this.onended(screen ? 'screen' : 'camera'));
    return true;
  }

  /** Gives the devices back. */
  close() {
    this.#asked++;
    if (this.#stream) stopTracks(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}
