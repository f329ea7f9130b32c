import { PublishError } from './publish-states.js';

/**
 * The picture to publish.
 *
 * @typedef {object} VideoOptions
 * @property {string} [deviceId] a camera, as enumerateDevices names it, or 'screen' for a screen, a window or a tab,
 *   which the browser lets the user choose; the browser's choice of a camera by default
 * @property {number} [width] the largest width in pixels; 1280 by default
 * @property {number} [height] the largest height in pixels; 720 by default
 * @property {number} [frameRate] the highest number of pictures in a second; 30 by default
 * @property {number} [bitrate] in bits per second; by default what suits the size
 * @property {'auto' | 'avc1' | 'vp09' | 'av01'} [codec] 'auto' by default: the first of the others that this browser
 *   encodes without delay
 */

/**
 * The sound to publish.
 *
 * @typedef {object} AudioOptions
 * @property {string} [deviceId] a microphone, as enumerateDevices names it; the browser's choice by default
 * @property {number} [bitrate] in bits per second; 96000 by default
 * @property {boolean} [processing] whether the browser takes away echo and noise and evens out the volume, which suits
 *   voices and spoils music; true by default
 */

/**
 * Returns what is filled in for what is left out.
 *
 * @param {VideoOptions} options
 * @returns {Required<VideoOptions>}
 */
export function completeVideo(options) {
  const { deviceId = '', width = 1280, height = 720, frameRate = 30, codec = 'auto' } = options;
  const bitrate = options.bitrate ?? suitableBitrate(width, height, frameRate);
  return { deviceId, width, height, frameRate, bitrate, codec };
}

/**
 * Returns the bits per second that suit a picture with some movement.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} frameRate
 * @returns {number}
 */
export function suitableBitrate(width, height, frameRate) {
  const samples = width * height * Math.min(Math.max(frameRate, 15), 60);
  // A larger picture needs fewer bits for each of its dots.
  return Math.round((samples ** 0.8 * 2.1) / 1e5) * 1e5;
}

/**
 * Asks the user for camera or screen and microphone. Whoever gets the tracks stops them.
 *
 * @param {VideoOptions | false} video
 * @param {AudioOptions | false} audio
 * @param {MediaDevices} [devices]
 * @returns {Promise<MediaStream>}
 * @throws {PublishError} where they cannot be had
 */
export async function capture(video, audio, devices = globalThis.navigator?.mediaDevices) {
  if (!devices) throw new PublishError('insecure');
  const screen = video && video.deviceId === 'screen';
  try {
    if (!screen) return await devices.getUserMedia({ video: cameraConstraints(video), audio: soundConstraints(audio) });
    if (!devices.getDisplayMedia) throw new PublishError('no-screen');
    // The screen first: asking for it is allowed only right after a click.
    const stream = await devices.getDisplayMedia({ video: sizeConstraints(video), audio: false });
    if (audio) await addMicrophone(stream, audio, devices);
    return stream;
  } catch (error) {
    throw captureError(error, screen ? 'screen' : video ? 'camera' : 'microphone');
  }
}

/**
 * @param {MediaStream} stream
 * @param {AudioOptions} audio
 * @param {MediaDevices} devices
 */
async function addMicrophone(stream, audio, devices) {
  try {
    const sound = await devices.getUserMedia({ audio: soundConstraints(audio) });
    for (const track of sound.getTracks()) stream.addTrack(track);
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    throw captureError(error, 'microphone');
  }
}

/** @param {VideoOptions | false} video */
function cameraConstraints(video) {
  if (!video) return false;
  const { deviceId } = video;
  return { ...sizeConstraints(video), ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
}

/** @param {VideoOptions} video */
function sizeConstraints(video) {
  const { width, height, frameRate, deviceId } = completeVideo(video);
  const bound = deviceId === 'screen' ? 'max' : 'ideal';
  return { width: { [bound]: width }, height: { [bound]: height }, frameRate: { [bound]: frameRate } };
}

/** @param {AudioOptions | false} audio */
function soundConstraints(audio) {
  if (!audio) return false;
  const { deviceId, processing = true } = audio;
  return {
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    channelCount: { ideal: 2, max: 2 },
    echoCancellation: processing,
    noiseSuppression: processing,
    autoGainControl: processing,
  };
}

/** @type {Record<string, import('./publish-states.js').Reason>} */
const REASONS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'no-device',
  OverconstrainedError: 'no-device',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

/**
 * @param {unknown} error
 * @param {string} device what was asked for
 * @returns {Error}
 */
function captureError(error, device) {
  if (error instanceof PublishError) return error;
  const { name = '', message = String(error) } = error instanceof Error ? error : {};
  return new PublishError(REASONS[name] ?? 'failed', message, device);
}
