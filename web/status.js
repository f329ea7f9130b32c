/** A viewer this many seconds behind is told so. */
const BEHIND = 1;

/**
 * What a Player knows of a load besides its engine.
 *
 * @typedef {object} Facts
 * @property {boolean} ended the stream is over
 * @property {import('./probe.js').Cause | null} down why there is no connection, or null
 * @property {boolean} shown there has been a picture
 * @property {string} note something that a viewer should know while it plays
 */

/**
 * Works out how a Player stands.
 *
 * @param {import('./engine.js').Engine} engine
 * @param {Facts} facts
 * @returns {import('./states.js').Status}
 */
export function workOut(engine, { ended, down, shown, note }) {
  if (ended && (engine.isOver || !engine.isPlaced)) return { state: 'ended' };
  if (down === 'not-found') return { state: 'not-found' };
  if (down === 'unavailable') return { state: 'unavailable' };
  if (down) return { state: shown ? 'reconnecting' : 'connecting', cause: down };
  if (!shown) return { state: 'connecting' };
  if (!engine.isPlaced) return { state: 'reconnecting' };
  if (engine.isFrozen && !ended) return { state: 'stalled', note };
  if (engine.lag > BEHIND) return { state: 'behind', behind: Math.round(engine.lag), note };
  return { state: 'live', note };
}
