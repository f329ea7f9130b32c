/** Time ranges of a list of pairs. */
export function timeRanges(pairs) {
  return { length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] };
}

/** A SourceBuffer whose operations a test finishes. It refuses what a real one refuses. */
export class FakeSourceBuffer extends EventTarget {
  updating = false;
  pairs = [];
  /** What was done, as in "append 3", "remove 0-5", "offset 7", "type ...". */
  log = [];
  /** An error that the next append throws. */
  refuse = null;
  #offset = 0;
  #effect = () => {};

  get buffered() {
    return timeRanges(this.pairs);
  }

  get timestampOffset() {
    return this.#offset;
  }

  set timestampOffset(value) {
    this.#check();
    this.#offset = value;
    this.log.push(`offset ${value}`);
  }

  appendBuffer(data) {
    this.#check();
    if (this.refuse) {
      const error = this.refuse;
      this.refuse = null;
      throw error;
    }
    this.log.push(`append ${[...data].join(',')}`);
    this.updating = true;
  }

  remove(from, to) {
    this.#check();
    this.log.push(`remove ${from}-${to}`);
    this.updating = true;
    this.#effect = () => {
      this.pairs = this.pairs.filter(([, end]) => end > to).map(([start, end]) => [Math.max(start, to), end]);
    };
  }

  changeType(type) {
    this.#check();
    this.log.push(`type ${type}`);
  }

  /** The operation under way comes to its end. */
  finish() {
    if (!this.updating) throw new Error('nothing is under way');
    this.#effect();
    this.#effect = () => {};
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }

  /** The operation under way fails. */
  fail() {
    this.updating = false;
    this.dispatchEvent(new Event('error'));
    this.dispatchEvent(new Event('updateend'));
  }

  #check() {
    if (this.updating) throw new DOMException('updating', 'InvalidStateError');
  }
}
