/**
 * The families of video codecs in the order in which they are tried: H.264 is cheap and plays everywhere.
 *
 * @typedef {'avc1' | 'vp09' | 'av01'} Family
 */

/** @type {readonly Family[]} */
export const FAMILIES = Object.freeze(['avc1', 'vp09', 'av01']);

/**
 * The levels of each family, with the most luma samples of a picture and in a second (ITU-T H.264 table A-1, the levels of
 * VP9, AV1 annex A.3).
 *
 * @type {Record<Family, [string, number, number][]>}
 */
const LEVELS = {
  avc1: [
    ['avc1.42E01E', 414_720, 10_368_000],
    ['avc1.42E01F', 921_600, 27_648_000],
    ['avc1.42E020', 1_310_720, 55_296_000],
    ['avc1.42E028', 2_097_152, 62_914_560],
    ['avc1.42E02A', 2_228_224, 133_693_440],
    ['avc1.42E033', 9_437_184, 251_658_240],
    ['avc1.42E034', 9_437_184, 530_841_600],
  ],
  vp09: [
    ['vp09.00.21.08', 245_760, 9_216_000],
    ['vp09.00.30.08', 552_960, 20_736_000],
    ['vp09.00.31.08', 983_040, 36_864_000],
    ['vp09.00.40.08', 2_228_224, 83_558_400],
    ['vp09.00.41.08', 2_228_224, 160_432_128],
    ['vp09.00.51.08', 8_912_896, 588_251_136],
  ],
  av01: [
    ['av01.0.01M.08', 278_784, 10_454_400],
    ['av01.0.04M.08', 665_856, 24_969_600],
    ['av01.0.05M.08', 1_065_024, 39_938_400],
    ['av01.0.08M.08', 2_359_296, 77_856_768],
    ['av01.0.09M.08', 2_359_296, 155_713_536],
    ['av01.0.13M.08', 8_912_896, 534_773_760],
  ],
};

/**
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {number} frameRate
 * @property {number} bitrate in bits per second
 */

/**
 * Returns the configuration of an encoder of a family for live pictures.
 *
 * @param {Family} family
 * @param {Picture} picture
 * @returns {VideoEncoderConfig}
 */
export function videoConfig(family, { width, height, frameRate, bitrate }) {
  const levels = LEVELS[family];
  const samples = align(width) * align(height);
  const fits = levels.find(([, size, rate]) => samples <= size && samples * frameRate <= rate) ?? levels[levels.length - 1];
  /** @type {VideoEncoderConfig} */
  const config = { codec: fits[0], width, height, framerate: frameRate, bitrate, latencyMode: 'realtime' };
  return family === 'avc1' ? { ...config, avc: { format: 'annexb' } } : config;
}

/**
 * Returns the size to encode pictures of a size in: not larger than the bounds, in the same proportion, and even, as
 * encoders of 4:2:0 want it. The bounds hold for upright pictures, too.
 *
 * @param {{width: number, height: number}} picture
 * @param {{width: number, height: number}} bounds
 * @returns {{width: number, height: number}}
 */
export function fitSize(picture, bounds) {
  const [long, short] = bounds.width >= bounds.height ? [bounds.width, bounds.height] : [bounds.height, bounds.width];
  const [width, height] = picture.width >= picture.height ? [long, short] : [short, long];
  const scale = Math.min(width / picture.width, height / picture.height, 1);
  return { width: even(picture.width * scale), height: even(picture.height * scale) };
}

/** @param {number} n */
function even(n) {
  return Math.max(2 * Math.round(n / 2), 2);
}

/** @param {number} n */
function align(n) {
  return 16 * Math.ceil(n / 16);
}

/** What was found out of a browser's encoders holds for so many milliseconds. */
const MEMORY = 7 * 24 * 3_600_000;
const MEMORY_KEY = 'livews-slow-encoders';

/**
 * Chooses among the families of codecs, and remembers which of this browser's encoders are too slow.
 */
export class CodecChoice {
  #families;
  #storage;
  #clock;
  #agent;
  /** @type {Set<Family>} */
  #unusable = new Set();
  /** @type {Map<Family, number>} those too slow, with the delay in milliseconds */
  #slow;

  /**
   * @param {readonly Family[]} families those allowed, the best first
   * @param {{storage?: Pick<Storage, 'getItem' | 'setItem'> | null, clock: import('./clock.js').Clock, agent?: string}} environment
   *   agent names the browser and its version
   */
  constructor(families, { storage = null, clock, agent = '' }) {
    this.#families = families;
    this.#storage = storage;
    this.#clock = clock;
    this.#agent = agent;
    this.#slow = this.#recall();
  }

  /**
   * Returns the first family that can be used and is not known to be slow, or else the least slow one. Null if there is
   * none at all.
   *
   * @param {Picture} picture
   * @param {(config: VideoEncoderConfig) => Promise<boolean>} isSupported
   * @returns {Promise<{family: Family, config: VideoEncoderConfig} | null>}
   */
  async next(picture, isSupported) {
    let best = null;
    let least = Infinity;
    for (const family of this.#families) {
      const config = videoConfig(family, picture);
      if (this.#unusable.has(family) || !(await isSupported(config))) continue;
      const delay = this.#slow.get(family);
      if (delay === undefined) return { family, config };
      if (delay >= least) continue;
      least = delay;
      best = { family, config };
    }
    return best;
  }

  /**
   * Reports whether a family is known to be slow.
   *
   * @param {Family} family
   * @returns {boolean}
   */
  isSlow(family) {
    return this.#slow.has(family);
  }

  /**
   * Reports whether there may be another family to use in place of one, as far as is known without asking the browser.
   *
   * @param {Family} family
   * @returns {boolean}
   */
  hasOther(family) {
    return this.#families.some((other) => other !== family && !this.#unusable.has(other));
  }

  /**
   * The encoder of a family is too slow. That holds for days.
   *
   * @param {Family} family
   * @param {number} delay in milliseconds
   */
  tooSlow(family, delay) {
    this.#slow.set(family, delay);
    const slow = Object.fromEntries(this.#slow);
    try {
      this.#storage?.setItem(MEMORY_KEY, JSON.stringify({ agent: this.#agent, at: this.#clock.wall(), slow }));
    } catch {
      // A browser may keep nothing; then it is found out anew.
    }
  }

  /**
   * A family does not work here, or the server does not take it.
   *
   * @param {Family} family
   */
  refuse(family) {
    this.#unusable.add(family);
  }

  /** @returns {Map<Family, number>} */
  #recall() {
    /** @type {Map<Family, number>} */
    const known = new Map();
    try {
      const { agent, at, slow } = JSON.parse(this.#storage?.getItem(MEMORY_KEY) ?? '{}');
      if (agent !== this.#agent || !(Math.abs(this.#clock.wall() - at) < MEMORY)) return known;
      for (const family of FAMILIES) if (typeof slow?.[family] === 'number') known.set(family, slow[family]);
    } catch {
      // What cannot be read is nothing.
    }
    return known;
  }
}
