/** Chunks that came in the last second tell whether they wait in line, in milliseconds, or the last few where they are long. */
const WINDOW = 1_000;
/** What a chunk would take without a line is the least of so many milliseconds; it is kept for each of them. */
const FLOOR_WINDOW = 60_000;
const FLOOR_STEP = 1_000;
/** How long a measurement of the throughput counts, in milliseconds; how many bytes one needs. */
const FRESH = 5_000;
const FRESH_SIZES = 20_000;
const ENOUGH = 30_000;
/** What comes late by less than this may have met with jitter, in seconds. */
const JITTER = 0.15;
/** What holds up so much media, or lasts so long, is a line, in seconds. */
const LINE = 0.4;
/** The most samples that are kept. */
const MAX_SAMPLES = 2_000;
/** A chunk of so many times the usual size tells something by the time that it takes. */
const LARGE = 3;
/** So many seconds more say nothing: encoders take longer for large frames, and clocks are coarse. */
const NOISE = 0.003;

/**
 * @typedef {object} Sample
 * @property {number} at when it came, in milliseconds
 * @property {number} delay by how much later than its media time on the clock, in seconds
 * @property {number} bytes that came since the one before
 * @property {number} since how long ago that was, in milliseconds
 */

/**
 * Measures how a stream is delivered that comes as fast as it is made: there is no time without media in which
 * throughput could be measured. What it has are the times at which chunks come: one that waits in line behind others
 * comes later than media time lets expect. Where a line forms, bytes come as fast as the network can carry them; and
 * where there is none, a large chunk takes longer than a small one by the time that its bytes take.
 */
export class DeliveryMeter {
  /** @type {Sample[]} */
  #samples = [];
  /** @type {{at: number, least: number}[]} */
  #floor = [];
  #bytes = 0;
  /** The least delay of the last minute. */
  #least = 0;

  /** By how much later the newest chunk came than it could have, in seconds. */
  get lag() {
    return this.#lagOf(this.#samples.at(-1));
  }

  /** The least of that in the last second or so: jitter has moments without, a line has none. */
  get standing() {
    return this.#leastLag(this.#recent(WINDOW));
  }

  /** By how much that has grown in the last second or so, in seconds; negative where it shrinks. */
  get growth() {
    const before = this.#recent(2 * WINDOW);
    return this.standing - this.#leastLag(before.slice(0, before.length - this.#recent(WINDOW).length + 1));
  }

  /** How many bits came in a second lately, or null where that is not known yet. */
  get rate() {
    const recent = this.#recent(FRESH);
    const ms = recent.length ? recent[recent.length - 1].at - recent[0].at : 0;
    return ms < FRESH / 2 ? null : (recent.slice(1).reduce((sum, sample) => sum + sample.bytes, 0) * 8000) / ms;
  }

  /**
   * How many bits the network carries in a second, as far as that shows, or null. Infinity: there is no limit to be
   * seen.
   *
   * @returns {number | null}
   */
  get capacity() {
    return this.#whereLined() ?? this.#bySize();
  }

  /**
   * Takes in that a chunk has come.
   *
   * @param {number} now in milliseconds
   * @param {number} time decode time of the chunk in seconds
   * @param {number} received bytes in all so far, this chunk and what came with it included
   */
  arrived(now, time, received) {
    const delay = now / 1000 - time;
    const since = now - (this.#samples.at(-1)?.at ?? now);
    const bytes = this.#samples.length ? received - this.#bytes : 0;
    this.#bytes = received;
    this.#lower(now, delay);
    this.#samples.push({ at: now, delay, bytes, since });
    const old = now - FRESH_SIZES;
    while (this.#samples[0].at < old || this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Forgets everything: what comes has another time or another way. */
  reset() {
    this.#samples = [];
    this.#floor = [];
  }

  /** Takes the line that is there for no line: it does not go away whatever is done. */
  settle() {
    this.#least += this.standing;
    this.#floor = [{ at: this.#samples.at(-1)?.at ?? 0, least: this.#least }];
  }

  /** @param {Sample} [sample] */
  #lagOf(sample) {
    return sample ? Math.max(0, sample.delay - this.#least) : 0;
  }

  /**
   * @param {number} now
   * @param {number} delay
   */
  #lower(now, delay) {
    const last = this.#floor.at(-1);
    if (last && now - last.at < FLOOR_STEP) last.least = Math.min(last.least, delay);
    else this.#floor.push({ at: now, least: delay });
    while (this.#floor.length > 1 && this.#floor[0].at < now - FLOOR_WINDOW) this.#floor.shift();
    this.#least = Math.min(...this.#floor.map(({ least }) => least));
  }

  /**
   * Returns the samples of the last milliseconds and the one in front of them: after a silence everything comes at
   * once, and what came before that was not late.
   *
   * @param {number} ms
   */
  #recent(ms) {
    const now = this.#samples.at(-1)?.at ?? 0;
    const first = this.#samples.findIndex((sample) => sample.at >= now - ms);
    return this.#samples.slice(Math.max(0, first - 1));
  }

  /** Returns the throughput while chunks waited in line: those that were there when the one before came. */
  #whereLined() {
    const lined = this.#lines(this.#recent(FRESH)).filter((sample) => this.#lagOf(sample) * 1000 > sample.since);
    const bytes = lined.reduce((sum, sample) => sum + sample.bytes, 0);
    const ms = lined.reduce((sum, sample) => sum + sample.since, 0);
    return bytes < ENOUGH ? null : (bytes * 8000) / Math.max(ms, 1);
  }

  /**
   * Returns the samples that are part of a line: of many late ones without one in time among them.
   *
   * @param {Sample[]} samples
   */
  #lines(samples) {
    /** @type {Sample[]} */
    const lined = [];
    for (let i = 0; i < samples.length; i++) {
      const from = i;
      while (i < samples.length && this.#lagOf(samples[i]) > JITTER) i++;
      if (i > from && lasts(samples[from], samples[i - 1]) > LINE) lined.push(...samples.slice(from, i));
    }
    return lined;
  }

  /** Returns the throughput as large chunks show it that came later after the one before than small ones did. */
  #bySize() {
    const steps = this.#samples.slice(1).map((sample, i) => ({ bytes: sample.bytes, later: sample.delay - this.#samples[i].delay }));
    const usual = median(steps.map(({ bytes }) => bytes));
    const large = steps.filter(({ bytes }) => bytes >= LARGE * usual);
    if (large.length < 2) return null;
    const small = steps.filter(({ bytes }) => bytes < LARGE * usual);
    const seconds = median(large.map(({ later }) => later)) - median(small.map(({ later }) => later));
    return seconds <= NOISE ? Infinity : ((median(large.map(({ bytes }) => bytes)) - usual) * 8) / seconds;
  }

  /** @param {Sample[]} samples */
  #leastLag(samples) {
    return samples.length ? Math.min(...samples.map((sample) => this.#lagOf(sample))) : 0;
  }
}

/**
 * Returns how long it was from one sample to another, or how much media, in seconds.
 *
 * @param {Sample} from
 * @param {Sample} to
 */
function lasts(from, to) {
  const seconds = (to.at - from.at) / 1000;
  return Math.max(seconds, seconds - (to.delay - from.delay));
}

/** @param {number[]} values */
function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
