/**
 * The player for programs: it plays a stream in a video element, and has no looks of its own. Nothing happens when this
 * module is imported.
 *
 *     const player = new Player(document.querySelector('video'));
 *     player.addEventListener('statechange', () => console.log(player.status, player.stats));
 *     player.load('wss://example.com/live/cam1');
 */

export { Player } from './player.js';

/** @typedef {import('./states.js').State} State */
/** @typedef {import('./states.js').Status} Status */
/** @typedef {import('./stats.js').Stats} Stats */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */
/** @typedef {import('./quality-list.js').Quality} Quality */
