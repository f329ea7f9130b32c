/**
 * What a Player knows about its playback. Times are in milliseconds.
 *
 * @typedef {object} Stats
 * @property {number | null} latencyMs from the ingress to the screen, or null where it is not known; it supposes that
 *   the clocks of both agree. It is that of the frame shown last, where the browser tells of frames
 * @property {number | null} firstFrameMs from the load to the first frame on the screen, or null
 * @property {number} bufferMs media that lies ahead
 * @property {number} targetMs margin that is steered to
 * @property {number} rate of playback
 * @property {number} droppedFrames
 * @property {number} decodedFrames
 * @property {number} [decodedSounds] pieces of sound decoded, where the engine counts them
 * @property {number | null} [skewMs] how far the picture is ahead of the sound, where the engine knows, or null
 * @property {number} width of the picture that is shown, or 0
 * @property {number} height
 * @property {number} stalls how often playback ran dry
 * @property {number} jumps how often playback was moved forward to the live edge
 * @property {import('./recoveries.js').Counts} recoveries how often playback had to be got going again, by what was done
 * @property {number} reconnects how often the connection was lost
 * @property {number} moves how often another connection took over, as the server wished
 * @property {number} gaps notices of missing chunks, and holes that playback was carried over
 * @property {number} duplicates chunks that came again
 * @property {number} orphans chunks dropped because others that they need are missing
 * @property {number} refused messages that made no sense
 * @property {number} chunks appended
 * @property {number} bytes received
 * @property {TrackInfo[]} tracks that are played
 * @property {string} engine what plays: Media Source, WebCodecs, or empty
 * @property {string} edge what the server calls itself, or empty: see Player.locate
 * @property {number | null} hops how many connections there are between the ingress and the server, or null
 * @property {string} address of the server and its stream, or empty where nothing is asked of one
 */

/** @typedef {import('./message.js').TrackInfo} TrackInfo */

/**
 * Of no playback.
 *
 * @type {import('./engine.js').EngineStats}
 */
export const NOTHING = {
  latencyMs: null, firstFrameMs: null, bufferMs: 0, targetMs: 0, rate: 1, droppedFrames: 0, decodedFrames: 0, width: 0, height: 0,
  stalls: 0, jumps: 0, holes: 0, recoveries: { hole: 0, dry: 0, nudge: 0, room: 0, overflow: 0 },
};
