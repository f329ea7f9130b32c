// A real browser on a pipe: `node driver.mjs chromium|firefox|webkit EXECUTABLE`.
//
// Each line on standard input is one command as JSON, answered by one line of
// JSON on standard output: {"ok":true,...} or {"ok":false,"error":"..."}, with
// "hung":true where the browser does not answer any more.
//
//   {"do":"open","url":URL}                a new page, and only that
//   {"do":"sample"}                        what the player shows now
//   {"do":"evaluate","expression":JS}      any value of the page; with "frame":TEXT of the frame whose URL has
//                                          this text in it, or null while there is none
//   {"do":"picture"}                       the video's picture, 64 x 36 grey values
//   {"do":"screenshot","path":FILE.png}
//   {"do":"press","key":KEY}               a key, as Enter or Shift+Tab
//   {"do":"click","x":X,"y":Y}             the mouse, at a point of the page
//   {"do":"audit"}                         what axe-core finds fault with
//   {"do":"hide"}, {"do":"show"}           another page in front, and this one again (not WebKit)
//   {"do":"freeze"}, {"do":"thaw"}         no task of the page runs in between (Chromium)
//
// The first line on standard output says {"ok":true,"version":...} when the
// browser runs. The browser ends with standard input.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';
import { auditPage, readPicture, readPlayer, reportViolations } from './page.mjs';
import { launchWebKit } from './webkit.mjs';

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream=fps=30',
  '--use-fake-ui-for-media-stream',
];

const firefoxPrefs = {
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.navigator.permission.disabled': true,
  'media.navigator.streams.fake': true,
};

/** Starts a browser, and returns its session, its version and what ends it. */
async function launch(name, executablePath) {
  if (name === 'webkit') return launchWebKit(executablePath);
  const common = { executablePath, headless: true, timeout: 90_000, defaultViewport: { width: 720, height: 640 } };
  const browser = await puppeteer.launch(
    name === 'firefox'
      ? { ...common, browser: 'firefox', extraPrefsFirefox: firefoxPrefs }
      : { ...common, browser: 'chrome', args: chromiumFlags },
  );
  return { session: new Session(browser), version: await browser.version(), close: () => browser.close() };
}

/** One page, and what went wrong in it. */
class Session {
  constructor(browser) {
    this.browser = browser;
    this.page = null;
    this.cover = null;
    this.devtools = null;
    this.errors = [];
  }

  async open({ url }) {
    const old = this.page;
    this.page = await this.browser.newPage();
    await old?.close();
    this.devtools = null;
    this.errors = [];
    this.watch(this.page, this.errors);
    await this.page.evaluateOnNewDocument(reportViolations);
    const response = await this.page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30_000 });
    return { status: response?.status() ?? 0 };
  }

  watch(page, errors) {
    page.on('pageerror', (err) => errors.push(`page: ${err}`));
    page.on('console', (msg) => {
      if (msg.type() === 'error') errors.push(`console: ${msg.text()} (${msg.location()?.url ?? ''})`);
    });
    page.on('requestfailed', (r) => errors.push(`request: ${r.url()}: ${r.failure()?.errorText}`));
  }

  async sample() {
    const sample = await this.page.evaluate(readPlayer);
    return { sample, errors: this.errors };
  }

  async picture() {
    return { grey: await this.page.evaluate(readPicture) };
  }

  async evaluate({ expression, frame = '' }) {
    const target = frame ? this.page.frames().find((one) => one.url().includes(frame)) : this.page;
    return { value: (await target?.evaluate(expression)) ?? null };
  }

  async press({ key }) {
    const keys = key.split('+');
    for (const held of keys.slice(0, -1)) await this.page.keyboard.down(held);
    await this.page.keyboard.press(keys.at(-1));
    for (const held of keys.slice(0, -1)) await this.page.keyboard.up(held);
    return {};
  }

  async click({ x = 0, y = 0 }) {
    await this.page.mouse.click(x, y);
    return {};
  }

  async audit() {
    await this.page.evaluate(await readFile(new URL(import.meta.resolve('axe-core')), 'utf8'));
    return { value: await this.page.evaluate(auditPage) };
  }

  async hide() {
    this.cover = await this.browser.newPage();
    await this.cover.bringToFront();
    return {};
  }

  async show() {
    await this.page.bringToFront();
    await this.cover?.close();
    this.cover = null;
    return {};
  }

  async freeze() {
    await this.lifecycle('frozen');
    return {};
  }

  async thaw() {
    await this.lifecycle('active');
    return {};
  }

  async lifecycle(state) {
    this.devtools ??= await this.page.createCDPSession();
    await this.devtools.send('Page.setWebLifecycleState', { state });
  }

  async screenshot({ path }) {
    await this.page.screenshot({ path });
    return {};
  }
}

const commands = ['open', 'sample', 'picture', 'evaluate', 'screenshot', 'press', 'click', 'audit', 'hide', 'show', 'freeze', 'thaw'];

async function answer(session, line) {
  try {
    const command = JSON.parse(line);
    if (!commands.includes(command.do) || !session[command.do]) throw new Error(`unknown command ${command.do}`);
    return { ok: true, ...(await session[command.do](command)) };
  } catch (err) {
    return { ok: false, error: String(err?.message ?? err), hung: err?.hung };
  }
}

function say(value) {
  process.stdout.write(JSON.stringify(value) + '\n');
}

const [name, executable] = process.argv.slice(2);
const { session, version, close } = await launch(name, executable);
try {
  say({ ok: true, version });
  for await (const line of createInterface({ input: process.stdin })) say(await answer(session, line));
} finally {
  await close();
}
