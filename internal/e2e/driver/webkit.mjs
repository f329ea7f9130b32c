// WebKitGTK, by WebKitWebDriver (W3C WebDriver over HTTP) and MiniBrowser on a screen of Xvfb.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPicture, readPlayer } from './page.mjs';

/**
 * How long the browser may take to start, to open a page, and to run a script, in milliseconds. One that takes longer
 * hangs: now and then WebKitGTK does, for ever, when a page seeks while GStreamer still sets its pipeline up (WebKit bug
 * 272975).
 */
const startBound = 90_000;
const bound = 30_000;
const scriptBound = 12_000;

const environment = {
  ...process.env,
  // Its sandbox does not work as root.
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  // A sink that keeps time, in place of a sound card that is not there.
  GST_PLUGIN_FEATURE_RANK: 'fakeaudiosink:MAX',
  ALSOFT_DRIVERS: 'null',
};

/** Runs in the page before anything else that the driver runs there: keeps what goes wrong. */
function watchErrors() {
  const errors = (globalThis.driverErrors = []);
  addEventListener('error', (event) => event.message && errors.push(`page: ${event.message}`));
  addEventListener('unhandledrejection', (event) => errors.push(`page: ${event.reason}`));
}

/** A WebDriver session with one window. */
class Session {
  #base;

  /** @param {string} base the address of the session */
  constructor(base) {
    this.#base = base;
  }

  async open({ url }) {
    const { status } = await fetch(url);
    await request('POST', `${this.#base}/url`, { url });
    await this.#run(`(${watchErrors})()`);
    return { status };
  }

  async sample() {
    return { sample: await this.#run(`(${readPlayer})()`), errors: await this.#run('driverErrors') };
  }

  async picture() {
    return { grey: await this.#run(`(${readPicture})()`) };
  }

  async evaluate({ expression }) {
    return { value: await this.#run(expression) };
  }

  async screenshot({ path }) {
    await writeFile(path, Buffer.from(await request('GET', `${this.#base}/screenshot`), 'base64'));
    return {};
  }

  /** Returns the value of an expression of the page, or what its promise brings. */
  async #run(expression) {
    const script = `const done = arguments[arguments.length - 1];
      (async () => (${expression}\n))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await request('POST', `${this.#base}/execute/async`, { script, args: [] }, scriptBound);
    if (error) throw new Error(error);
    return value;
  }
}

/** Sends a WebDriver command, and returns the value of its answer. Of a browser that hangs the error says so. */
async function request(method, url, body, patience = bound) {
  const signal = AbortSignal.timeout(patience);
  const response = await fetch(url, { method, body: body && JSON.stringify(body), signal }).catch((error) => {
    throw error.name === 'TimeoutError' ? Object.assign(new Error('the browser hangs'), { hung: true }) : error;
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}

/**
 * Starts a browser with a screen of its own.
 *
 * @param {string} executable MiniBrowser
 */
export async function launchWebKit(executable) {
  const screen = start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const [number] = await once(screen.stdio[3], 'data');
  const port = await freePort();
  const driver = start('WebKitWebDriver', [`--port=${port}`], {
    env: { ...environment, DISPLAY: `:${String(number).trim()}` },
    stdio: ['ignore', 'ignore', process.env.WEBKIT_LOG ? 'inherit' : 'ignore'],
  });
  const address = `http://127.0.0.1:${port}`;
  const options = { binary: executable, args: ['--automation', '--autoplay-policy=allow'] };
  await ready(address);
  const wanted = { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': options } } };
  const { sessionId, capabilities } = await request('POST', `${address}/session`, wanted, startBound);
  const base = `${address}/session/${sessionId}`;
  await request('POST', `${base}/timeouts`, { script: startBound, pageLoad: startBound });
  return {
    session: new Session(base),
    version: `${capabilities.browserName} ${capabilities.browserVersion}`,
    close: async () => {
      // One that hangs is killed with all that is left of the driver's processes.
      await request('DELETE', base, undefined, 5_000).catch(() => {});
      await end(driver);
      await end(screen);
    },
  };
}

/** Waits until the driver takes sessions. */
async function ready(address) {
  for (const end = Date.now() + startBound; ; await sleep(50)) {
    try {
      if ((await request('GET', `${address}/status`)).ready) return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Starts a process that does not outlive this one. */
function start(...args) {
  const child = spawn(...args);
  process.once('exit', () => child.kill());
  return child;
}

async function end(child) {
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
