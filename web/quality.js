import { QualityAuto } from './quality-auto.js';
import { listQualities, rateOf } from './quality-list.js';
import { DeliveryMeter } from './quality-meter.js';
import { findWished, parseWish } from './quality-wish.js';

/** @typedef {import('./quality-list.js').Quality} Quality */
/** @typedef {import('./message.js').Segment} Segment */

/** How often the place of the picture on the screen is looked at, in milliseconds. */
const LOOK = 1_000;
/** By how much a picture may be enlarged before a better one is wanted. */
const ENLARGED = 1.1;
/** How many changes are remembered that a viewer may go back before. */
const MAX_CHANGES = 50;

/**
 * What a QualityControl has to do with.
 *
 * @typedef {object} Surroundings
 * @property {() => number} now in milliseconds
 * @property {(mime: string) => boolean} isSupported
 * @property {() => import('./intake.js').Intake} intake
 * @property {() => import('./engine.js').Engine | null} engine
 * @property {() => import('./connection.js').Connection | null} connection
 * @property {() => number} received how many bytes have come in all
 * @property {() => void} onchange the list, what is wanted, or what is on the screen is another
 */

/**
 * Which rendition of the picture is played: it lists them, does what the viewer wants or chooses by itself, and asks
 * the server for the change, which comes at the border of two groups.
 */
export class QualityControl {
  #around;
  /** @type {Quality[]} */
  #list = [];
  #told = '';
  /** @type {import('./quality-wish.js').Wish} */
  #wish = {};
  #auto = new QualityAuto();
  #meter = new DeliveryMeter();
  /** What comes, and what has been asked for. */
  #current = NaN;
  /** @type {number | null} */
  #pending = null;
  /**
   * Where on the time line which rendition begins.
   *
   * @type {{time: number, id: number}[]}
   */
  #changes = [];
  /** @type {number | null} */
  #shown = null;
  #end = 0;
  #skipped = false;
  #looked = { at: -Infinity, limit: /** @type {number | null} */ (null) };

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /** What can be chosen, the best one first. */
  get list() {
    return this.#list;
  }

  /** What is wanted: a rendition by its number, or the automatic choice. */
  get value() {
    return findWished(this.#wish, this.#list)?.id ?? 'auto';
  }

  /** The number of the rendition that is on the screen, or null. */
  get shown() {
    return this.#shown;
  }

  /**
   * Sets what is wanted: the number of a rendition, or text as parseWish takes it.
   *
   * @param {number | string | null} value
   */
  want(value) {
    const before = this.value;
    const quality = this.#list.find(({ id }) => id === value);
    this.#wish = typeof value === 'number' ? { id: value, height: quality?.height } : parseWish(value);
    this.#obey();
    if (this.value !== before) this.#around.onchange();
  }

  /** Looks at the tracks again: one has been told. */
  update() {
    const { intake, isSupported } = this.#around;
    const list = listQualities(intake().known, isSupported);
    const told = JSON.stringify(list);
    if (told === this.#told) return;
    this.#told = told;
    this.#list = list;
    this.#obey();
    this.#around.onchange();
  }

  /** Says that playback is about to begin with the tracks that are known. */
  begin() {
    const { limit } = this;
    const wished = findWished(this.#wish, this.#list);
    const fits = limit === null ? null : this.#list.findLast(({ height }) => (height ?? 0) >= limit);
    this.#around.intake().prefer(wished?.id ?? fits?.id ?? null);
  }

  /** Forgets what has come: playback begins anew. */
  restart() {
    this.#current = NaN;
    this.#pending = null;
    this.#changes = [];
    this.#meter.reset();
  }

  /** Forgets the stream, but not what the viewer wants. */
  close() {
    this.restart();
    this.#list = [];
    this.#told = '';
    this.#shown = null;
    this.#auto = new QualityAuto();
    this.#around.onchange();
  }

  /**
   * Takes in that a chunk goes to the engine.
   *
   * @param {Segment} chunk
   * @param {{time: number}} place
   */
  appended({ track }, { time }) {
    if (!this.#list.some(({ id }) => id === track)) return;
    const { now, received, intake } = this.#around;
    if (track !== this.#current) this.#began(track, time);
    this.#end = time + intake().duration;
    this.#meter.arrived(now(), time, received());
    if (this.#list.length > 1 && this.value === 'auto') this.#choose();
    this.#skipped = false;
  }

  /**
   * Takes a notice of chunks that do not come.
   *
   * @param {import('./message.js').Gap} gap
   */
  missed({ track, reason }) {
    if (track === this.#current && reason === 'slow') this.#skipped = true;
  }

  /** Says that playback has moved on. */
  moved() {
    if (this.#shown === this.#changes.at(-1)?.id) return;
    const position = this.#end - (this.#around.engine()?.stats.bufferMs ?? 0) / 1000;
    const shown = this.#changes.findLast(({ time }) => time <= position)?.id ?? this.#shown;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#around.onchange();
  }

  /** The height that no picture needs to exceed where it is shown, in pixels of the screen, or null. */
  get limit() {
    const { now, engine } = this.#around;
    const isDue = now() - this.#looked.at >= LOOK;
    // To look costs a layout of the page, at the worst moment when it is new.
    if (isDue && this.#list.length > 1) this.#looked = { at: now(), limit: this.#measure(engine()?.surface) };
    const { max } = this.#wish;
    return max === undefined ? this.#looked.limit : Math.min(max, this.#looked.limit ?? max);
  }

  /**
   * @param {HTMLElement} [surface]
   * @returns {number | null}
   */
  #measure(surface) {
    const best = this.#list[0];
    const { width = 0, height = 0 } = surface?.getBoundingClientRect?.() ?? {};
    if (!width || !height || !best?.width || !best.height) return null;
    const scale = Math.min(width / best.width, height / best.height) * (globalThis.devicePixelRatio ?? 1);
    return (best.height * scale) / ENLARGED;
  }

  /**
   * @param {number} track
   * @param {number} time
   */
  #began(track, time) {
    if (this.#pending === track) this.#around.connection()?.switched();
    this.#pending = null;
    this.#current = track;
    this.#changes = [...this.#changes.slice(-MAX_CHANGES), { time, id: track }];
    this.#auto.began(this.#around.now());
    this.#obey();
  }

  /** Goes to the rendition that is fixed, if one is. */
  #obey() {
    const wished = findWished(this.#wish, this.#list);
    if (wished) this.#goTo(wished.id);
  }

  #choose() {
    const { now, engine } = this.#around;
    const stats = engine()?.stats;
    if (!stats) return;
    const to = this.#auto.decide({
      now: now(),
      rungs: this.#rungs(),
      current: this.#current,
      pending: this.#pending,
      meter: this.#meter,
      skipped: this.#skipped,
      idle: engine()?.paused !== false || Boolean(globalThis.document?.hidden),
      limit: this.limit,
      stalls: stats.stalls,
      dropped: stats.droppedFrames,
      decoded: stats.decodedFrames,
      target: stats.targetMs / 1000,
    });
    if (to !== null) this.#goTo(to);
  }

  /** Returns what the automatic choice chooses from: a change of the codec might be seen. */
  #rungs() {
    const { known } = this.#around.intake();
    const codecOf = (/** @type {number} */ id) => known.find(({ number }) => number === id)?.codec.split('.')[0];
    const codec = codecOf(this.#current);
    const { max = Infinity } = this.#wish;
    const alike = this.#list.filter(({ id }) => codecOf(id) === codec);
    const allowed = alike.filter(({ id, height }) => id === this.#current || (height ?? 0) <= max);
    return allowed.sort((a, b) => rateOf(a) - rateOf(b));
  }

  /** @param {number} id */
  #goTo(id) {
    const { intake, connection } = this.#around;
    if (Number.isNaN(this.#current) || id === (this.#pending ?? this.#current)) return;
    this.#pending = id === this.#current ? null : id;
    intake().switchTo(this.#pending);
    const others = (intake().selection ?? []).filter((track) => track !== this.#current);
    connection()?.switchTo([id, ...others]);
  }
}
