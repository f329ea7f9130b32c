/**
 * Publishing from a page: a camera or a screen, with sound, goes to a livews server.
 *
 *     const publisher = new Publisher({ url: 'wss://example.com/publish/cam1' });
 *     publisher.addEventListener('statechange', () => console.log(publisher.status));
 *     publisher.start();
 */

export { Publisher } from './publisher.js';
export { PublishError, describeProblem, describeState } from './publish-states.js';
export { findObstacle } from './publish-support.js';
export { capture, suitableBitrate } from './publish-capture.js';
