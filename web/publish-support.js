import { PublishError } from './publish-states.js';

const NEEDED = ['VideoEncoder', 'AudioEncoder', 'VideoFrame', 'AudioData', 'OffscreenCanvas', 'WebSocket'];

/**
 * Returns why a browser cannot publish at all, or null if it can.
 *
 * @param {any} [scope] the browser's global object
 * @returns {PublishError | null}
 */
export function findObstacle(scope = globalThis) {
  // Without a secure context WebCodecs is not there either, but that is not what is wrong.
  if (scope.isSecureContext === false) return new PublishError('insecure');
  const element = scope.HTMLVideoElement?.prototype ?? {};
  const givesFrames = 'MediaStreamTrackProcessor' in scope || 'requestVideoFrameCallback' in element;
  return givesFrames && NEEDED.every((name) => name in scope) ? null : new PublishError('unsupported');
}
