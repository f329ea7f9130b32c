import { BoxError } from './box-reader.js';
import { systemClock } from './clock.js';
import { Heard } from './codec-heard.js';
import { readInit } from './codec-init.js';
import { Pace } from './codec-pace.js';
import { Picture } from './codec-picture.js';
import { SoundTrack } from './codec-sound.js';
import { VideoTrack } from './codec-video.js';
import { LatencyMeter } from './latency.js';
import { LiveEdge } from './live-edge.js';

/** @typedef {import('./engine.js').Piece} Piece */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * What the stage is told to do, as CodecEngine sends it.
 *
 * @typedef {{do: 'open', canvas: OffscreenCanvas | HTMLCanvasElement, margin: number} |
 *   {do: 'init', info: TrackInfo, payload: Uint8Array<ArrayBuffer>} | {do: 'chunk', piece: Piece} |
 *   {do: 'idle', paused: boolean, hidden: boolean} | {do: 'sound', port: MessagePort | null} |
 *   {do: 'aim', margin: number, hold: number} | {do: 'aloud', aloud: boolean, latency: number} | {do: 'live' | 'restart' | 'end' | 'close'}} Command
 */

/**
 * How the stage stands. Times are in milliseconds, `drawnAt` on the Unix clock.
 *
 * @typedef {object} Standing
 * @property {boolean} placed
 * @property {boolean} over
 * @property {number} lag
 * @property {number | null} latencyMs
 * @property {number} drawnAt 0 before the first frame
 * @property {number | null} skewMs how far the picture is ahead of the sound that is heard
 * @property {number} width of the picture
 * @property {number} height
 * @property {number} bufferMs
 * @property {number} targetMs
 * @property {number} rate
 * @property {number} drawn
 * @property {number} dropped
 * @property {number} sounds
 * @property {number} stalls
 * @property {number} jumps
 */

/**
 * What the stage tells.
 *
 * @typedef {{standing: Standing} | {lost: number} | {unsupported: string}} Report
 */

/**
 * Decodes and draws: the part of CodecEngine that needs no page, and runs in a worker where it can.
 */
export class CodecStage {
  #tell;
  #clock;
  /** @type {Picture | null} */
  #picture = null;
  #video;
  #sound;
  /** @type {Pace} */
  #pace;
  /** @type {Heard | null} */
  #heard = null;
  #latency = new LatencyMeter();
  /** @type {Map<number, VideoTrack | SoundTrack>} */
  #tracks = new Map();
  #videoTrack = 0;
  #timer = 0;
  #ended = false;
  #over = false;
  #frame = { latencyMs: /** @type {number | null} */ (null), drawnAt: 0, skewMs: /** @type {number | null} */ (null), width: 0, height: 0 };

  /**
   * @param {(report: Report) => void} tell
   * @param {import('./clock.js').Clock} [clock]
   */
  constructor(tell, clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
    this.#pace = new Pace(new LiveEdge());
    const onunsupported = (/** @type {string} */ message) => tell({ unsupported: message });
    this.#video = new VideoTrack({
      onframe: (frame) => this.#decoded(frame),
      onlost: () => tell({ lost: this.#videoTrack }),
      onunsupported,
      now: () => this.#now(),
    });
    this.#sound = new SoundTrack((sound) => this.#heard?.play(sound), onunsupported);
  }

  /** @param {Command} command */
  take(command) {
    switch (command.do) {
      case 'open':
        return this.#open(command.canvas, command.margin);
      case 'init':
        return this.#init(command.info, command.payload);
      case 'chunk':
        return this.#chunk(command.piece);
      case 'idle':
        return this.#setIdle(command.paused, command.hidden);
      case 'sound':
        return this.#setSound(command.port);
      case 'aloud':
        return this.#setAloud(command.aloud, command.latency);
      case 'aim':
        return this.#pace.aim(this.#now(), command.margin, command.hold);
      case 'live':
        return this.#pace.release(this.#now());
      case 'restart':
        return this.#restart();
      case 'end':
        this.#ended = true;
        this.#video.end();
        return this.#tick();
      case 'close':
        return this.#close();
    }
  }

  /**
   * @param {OffscreenCanvas | HTMLCanvasElement} canvas
   * @param {number} margin
   */
  #open(canvas, margin) {
    this.#pace = new Pace(new LiveEdge(margin));
    this.#picture = new Picture(canvas, (frame) => this.#drawn(frame));
  }

  /**
   * @param {TrackInfo} info
   * @param {Uint8Array<ArrayBuffer>} payload
   */
  #init(info, payload) {
    try {
      const init = readInit(info, payload);
      const track = init.kind === 'video' ? this.#video : this.#sound;
      if (init.kind === 'video') this.#videoTrack = info.number;
      for (const [number, other] of this.#tracks) if (other === track) this.#tracks.delete(number);
      this.#tracks.set(info.number, track);
      track.setInit(init);
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      this.#tell({ unsupported: error.message });
    }
  }

  /** @param {Piece} piece */
  #chunk(piece) {
    const track = this.#tracks.get(piece.track);
    if (!track) return;
    const now = this.#now();
    if (piece.wallClock) this.#latency.mark(piece.place.time, piece.wallClock);
    try {
      const end = track.append(piece);
      if (end !== null) this.#arrived(track, now, piece, end);
    } catch (error) {
      if (!(error instanceof BoxError)) throw error;
      if (track === this.#video) this.#video.reset();
      this.#tell({ lost: piece.track });
    }
    this.#tick();
  }

  /**
   * @param {VideoTrack | SoundTrack} track
   * @param {number} now
   * @param {Piece} piece
   * @param {number} end
   */
  #arrived(track, now, { place, burst }, end) {
    const leads = track === this.#video || !this.#videoTrack;
    if (!leads) return;
    this.#heard?.came(now, place.time);
    this.#pace.arrived(now, end, Math.max(end - place.time, burst));
  }

  /** @param {VideoFrame} frame */
  #decoded(frame) {
    if (this.#video.idle || !this.#picture) {
      frame.close();
      return;
    }
    this.#picture.add(frame);
    this.#tick();
  }

  /** Does what is due, and comes back when the next thing is. */
  #tick() {
    const now = this.#now();
    this.#clock.clearTimeout(this.#timer);
    if (!this.#picture || !this.#pace.isPlaced || this.#video.idle) return this.#report();
    const position = this.#pace.position(now);
    this.#video.advance(position);
    const { next } = this.#picture;
    if (next !== null && next <= position) this.#picture.show(now, position, this.#video.isOvertaken(next, position));
    const due = [this.#picture.next, this.#video.next].filter((time) => time !== null);
    if (due.length) this.#wake(Math.min(...due) - position);
    this.#over = this.#ended && !due.length && this.#video.isDone;
    // What a decoder holds to the end comes to nothing at times.
    if (this.#ended && !this.#over && !due.length) this.#wake(Infinity);
    this.#report();
  }

  /** @param {number} seconds */
  #wake(seconds) {
    const ms = Math.min(Math.max((seconds * 1000) / this.#pace.rate, 1), 100);
    this.#timer = this.#clock.setTimeout(() => this.#tick(), ms);
  }

  /** @param {import('./codec-picture.js').Frame} frame */
  #drawn({ timestamp, displayWidth: width, displayHeight: height }) {
    const time = timestamp / 1e6;
    const wall = this.#clock.wall();
    const heard = this.#heard?.moment(this.#now()) ?? null;
    const skewMs = heard === null ? null : (time - heard) * 1000;
    this.#frame = { latencyMs: this.#latency.measure(time, wall), drawnAt: wall, skewMs, width, height };
  }

  /**
   * @param {boolean} paused
   * @param {boolean} hidden
   */
  #setIdle(paused, hidden) {
    const now = this.#now();
    this.#video.idle = paused || hidden;
    this.#picture?.clear();
    if (paused) this.#pace.hold(now);
    else this.#pace.release(now);
    this.#tick();
  }

  /** @param {MessagePort | null} port */
  #setSound(port) {
    this.#heard = null;
    if (!port) return;
    const heard = new Heard(this.#pace, port);
    this.#heard = heard;
    port.onmessage = ({ data }) => this.#heard === heard && heard.tell(this.#now(), data);
  }

  /**
   * @param {boolean} aloud
   * @param {number} latency of the audio device, in seconds
   */
  #setAloud(aloud, latency) {
    if (this.#heard) this.#heard.latency = latency;
    if (this.#sound.wanted === aloud) return;
    this.#sound.wanted = aloud;
    this.#heard?.clear();
  }

  #restart() {
    this.#video.reset();
    this.#picture?.clear();
    this.#heard?.clear();
    this.#pace.reset();
    this.#latency.reset();
    this.#tracks.clear();
    this.#videoTrack = 0;
    this.#ended = this.#over = false;
    this.#report();
  }

  #close() {
    this.#clock.clearTimeout(this.#timer);
    this.#video.close();
    this.#sound.close();
    this.#picture?.clear();
    this.#picture = this.#heard = null;
    this.#tracks.clear();
  }

  #report() {
    this.#tell({ standing: this.#standing() });
  }

  /** @returns {Standing} */
  #standing() {
    const now = this.#now();
    const pace = this.#pace;
    const told = pace.isLed(now) ? this.#heard?.told : null;
    return {
      ...this.#frame,
      placed: pace.isPlaced,
      over: this.#over,
      lag: this.#video.idle ? Math.max(0, pace.ahead(now)) : 0,
      bufferMs: Math.max(0, (told?.ahead ?? pace.ahead(now)) * 1000),
      targetMs: (told?.target ?? pace.target) * 1000,
      rate: told?.rate ?? pace.rate,
      drawn: this.#picture?.drawn ?? 0,
      dropped: this.#picture?.dropped ?? 0,
      sounds: this.#sound.decoded,
      stalls: pace.stalls + (this.#heard?.told?.stalls ?? 0),
      jumps: pace.jumps + (this.#heard?.told?.jumps ?? 0),
    };
  }

  #now() {
    return this.#clock.now() / 1000;
  }
}
