/** Encoders that a test lets work: a chunk comes out of them when the test says so, or at once. */

class FakeEncoder {
  static made = [];
  static reset() {
    FakeEncoder.made = [];
  }

  state = 'unconfigured';
  encodeQueueSize = 0;
  /** Chunks that have not come out. */
  pending = [];
  /** Whether chunks come out at once. */
  prompt = true;

  constructor({ output, error }) {
    this.output = output;
    this.error = error;
    FakeEncoder.made.push(this);
  }

  configure(config) {
    this.config = config;
    this.state = 'configured';
  }

  encode(data, { keyFrame = true } = {}) {
    if (data.closed) throw new TypeError('closed');
    this.pending.push({ type: keyFrame ? 'key' : 'delta', timestamp: data.timestamp, duration: null, byteLength: 100, copyTo: (to) => to.fill(1) });
    if (this.prompt) this.flushNow();
  }

  flushNow() {
    for (const chunk of this.pending.splice(0)) this.output(chunk);
  }

  fail(message) {
    this.state = 'closed';
    this.error(new Error(message));
  }

  close() {
    this.state = 'closed';
  }
}

export { FakeEncoder };

export class FakeVideoEncoder extends FakeEncoder {
  /** Families that the browser has. */
  static supported = ['avc1', 'vp09', 'av01'];
  static isConfigSupported = async ({ codec }) => ({ supported: FakeVideoEncoder.supported.some((family) => codec.startsWith(family)) });

  constructor(handlers) {
    super(handlers);
    this.kind = 'video';
  }
}

export class FakeAudioEncoder extends FakeEncoder {
  constructor(handlers) {
    super(handlers);
    this.kind = 'audio';
  }
}

/** A frame or a piece of sound. */
export function fakeData(timestamp, { width = 1280, height = 720 } = {}) {
  const data = {
    timestamp,
    displayWidth: width,
    displayHeight: height,
    sampleRate: 48000,
    numberOfChannels: 2,
    closed: false,
    close: () => (data.closed = true),
  };
  return data;
}
