/** @typedef {import('./codec-stage.js').Command} Command */
/** @typedef {import('./codec-stage.js').Report} Report */

/**
 * Where a CodecStage runs: in a worker, or beside the page.
 *
 * @typedef {object} CodecHost
 * @property {(command: Command, transfer?: Transferable[]) => void} send
 * @property {() => void} close
 */

const WORKER = new URL('./codec-worker.js', import.meta.url);

/**
 * Starts a stage that draws on a canvas. It runs in a worker unless the browser has none that can draw, or the scripts come
 * from another server than the page, which no worker may.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} margin in seconds
 * @param {(report: Report) => void} tell
 * @returns {CodecHost}
 */
export function openStage(canvas, margin, tell) {
  const worker = canUseWorker() ? newWorker() : null;
  const host = worker ? openWorker(worker, tell) : openHere(tell);
  const surface = host.isWorker ? canvas.transferControlToOffscreen() : canvas;
  host.send({ do: 'open', canvas: surface, margin }, host.isWorker ? [/** @type {OffscreenCanvas} */ (surface)] : []);
  return host;
}

function canUseWorker() {
  return 'transferControlToOffscreen' in HTMLCanvasElement.prototype && WORKER.origin === globalThis.location.origin;
}

/** Returns a worker, or null where the page may have none, as in a frame with a sandbox. */
function newWorker() {
  try {
    return new Worker(WORKER, { type: 'module', name: 'livews' });
  } catch {
    return null;
  }
}

/**
 * @param {Worker} worker
 * @param {(report: Report) => void} tell
 * @returns {CodecHost & {isWorker: boolean}}
 */
function openWorker(worker, tell) {
  worker.onmessage = ({ data }) => tell(data);
  worker.onerror = (event) => tell({ unsupported: event.message || 'the worker does not start' });
  return {
    isWorker: true,
    send: (command, transfer = []) => worker.postMessage(command, transfer),
    close: () => {
      worker.onmessage = worker.onerror = null;
      worker.terminate();
    },
  };
}

/**
 * @param {(report: Report) => void} tell
 * @returns {CodecHost & {isWorker: boolean}}
 */
function openHere(tell) {
  let open = true;
  const stage = import('./codec-stage.js').then(({ CodecStage }) => new CodecStage((report) => open && tell(report)));
  stage.catch((error) => tell({ unsupported: error.message }));
  /** @param {Command} command */
  const send = (command) => void stage.then((it) => it.take(command)).catch((error) => open && globalThis.reportError(error));
  return {
    isWorker: false,
    send,
    close: () => {
      send({ do: 'close' });
      open = false;
    },
  };
}
