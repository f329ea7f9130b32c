/**
 * Takes in a piece of sound, which it closes; seen is when it came, in microseconds of performance.now, less its length.
 *
 * @typedef {(data: AudioData, seen: number) => void} TakeSound
 */

/**
 * Returns the source of a track's sound that the browser has, until closed.
 *
 * @param {MediaStreamTrack} track
 * @param {TakeSound} take
 * @returns {Promise<{close: () => void}>}
 */
export async function openSound(track, take) {
  if (!('MediaStreamTrackProcessor' in globalThis)) return openWorklet(track, take);
  const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
  /** @type {ReadableStreamDefaultReader<AudioData>} */
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 100 }).readable.getReader();
  void read(reader, take);
  return { close: () => void reader.cancel().catch(() => {}) }; // It is over already.
}

/**
 * @param {ReadableStreamDefaultReader<AudioData>} reader
 * @param {TakeSound} take
 */
async function read(reader, take) {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value, performance.now() * 1000 - value.duration);
  }
}

/**
 * @param {MediaStreamTrack} track
 * @param {TakeSound} take
 * @returns {Promise<{close: () => void}>}
 */
async function openWorklet(track, take) {
  const context = new AudioContext({ latencyHint: 'interactive' });
  try {
    await context.audioWorklet.addModule(new URL('./publish-worklet.js', import.meta.url));
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const tap = new AudioWorkletNode(context, 'livews-tap', { numberOfOutputs: 0, channelCount: 2, channelCountMode: 'explicit' });
    tap.port.onmessage = ({ data }) => {
      const sound = audioData(data, context.sampleRate);
      take(sound, performance.now() * 1000 - sound.duration);
    };
    source.connect(tap);
    void context.resume();
  } catch (error) {
    void context.close();
    throw error;
  }
  return { close: () => void context.close() };
}

/**
 * @param {{first: number, samples: Float32Array<ArrayBuffer>}} piece
 * @param {number} sampleRate
 * @returns {AudioData}
 */
function audioData({ first, samples }, sampleRate) {
  const timestamp = Math.round((first * 1e6) / sampleRate);
  return new AudioData({ format: 'f32-planar', sampleRate, numberOfFrames: samples.length / 2, numberOfChannels: 2, timestamp, data: samples });
}
