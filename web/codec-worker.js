/** The worker of CodecEngine: a CodecStage that takes its commands from the page. */

import { CodecStage } from './codec-stage.js';

const stage = new CodecStage((report) => globalThis.postMessage(report));
globalThis.onmessage = (/** @type {MessageEvent<import('./codec-stage.js').Command>} */ { data }) => {
  stage.take(data);
  if (data.do === 'close') globalThis.close();
};
