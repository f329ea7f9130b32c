import { dom } from '../dom.js';

/** @typedef {import('../element.js').LivewsPlayerElement} LivewsPlayerElement */

/**
 * What can be set, with what shows how it is now.
 *
 * @typedef {object} Knob
 * @property {HTMLElement} element
 * @property {() => void} refresh shows the value that the player has now
 */

/** @typedef {[property: 'muted' | 'controls' | 'statsShown', label: string]} Switch */

/** @type {Switch[]} */
const SWITCHES = [
  ['muted', 'Without sound'],
  ['controls', 'With controls'],
  ['statsShown', 'With statistics'],
];
/** @type {['play' | 'pause' | 'goLive' | 'load', string][]} */
const METHODS = [
  ['play', 'Play on'],
  ['pause', 'Pause'],
  ['goLive', 'Go to the live edge'],
  ['load', 'Begin again'],
];
const LATENCIES = ['low', 'balanced', 'smooth', '200ms', '1s', '5s'];
const MODES = ['mse', 'webcodecs'];

/**
 * Makes a control for whatever a program can do with a player, each with the code that it runs.
 *
 * @param {LivewsPlayerElement} player
 * @returns {Knob[]}
 */
export function knobs(player) {
  return [
    address(player),
    choice(player, 'latency', 'Latency', () => LATENCIES.map((value) => [value, value]), () => player.latency || 'balanced'),
    choice(player, 'quality', 'Quality', () => qualities(player), () => player.quality),
    choice(player, 'mode', 'Played with', () => MODES.map((value) => [value, value]), () => player.mode || 'mse'),
    volume(player),
    ...SWITCHES.map(([property, label]) => toggle(player, property, label)),
    ...METHODS.map(([method, label]) => button(player, method, label)),
  ];
}

/**
 * @param {LivewsPlayerElement} player
 * @returns {Knob}
 */
function address(player) {
  const input = dom('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' });
  const code = dom('code');
  input.addEventListener('change', () => (player.src = input.value));
  const refresh = () => {
    if (!input.matches(':focus')) input.value = player.src;
    code.textContent = assignment('src', input.value);
  };
  input.addEventListener('input', refresh);
  return { element: field('Address', input, code), refresh };
}

/**
 * @param {LivewsPlayerElement} player
 * @param {'latency' | 'quality' | 'mode'} property
 * @param {string} label
 * @param {() => [value: string | number, label: string][]} options
 * @param {() => string | number} now
 * @returns {Knob}
 */
function choice(player, property, label, options, now) {
  const select = dom('select');
  const code = dom('code');
  let shown = '';
  select.addEventListener('change', () => {
    const [value] = options()[select.selectedIndex] ?? [];
    if (value !== undefined) Object.assign(player, { [property]: value });
    refresh();
  });
  const refresh = () => {
    const list = options();
    if (!list.some(([value]) => value === now())) list.push([now(), String(now())]);
    // A list that is open would close if it were made anew.
    if (shown !== JSON.stringify(list)) select.replaceChildren(...list.map(([, text]) => dom('option', {}, text)));
    shown = JSON.stringify(list);
    select.selectedIndex = list.findIndex(([value]) => value === now());
    code.textContent = assignment(property, now());
  };
  return { element: field(label, select, code), refresh };
}

/**
 * @param {LivewsPlayerElement} player
 * @returns {[value: string | number, label: string][]}
 */
function qualities(player) {
  return [['auto', 'auto'], .../** @type {[number, string][]} */ (player.qualities.map(({ id, label }) => [id, `${id}: ${label}`]))];
}

/**
 * @param {LivewsPlayerElement} player
 * @returns {Knob}
 */
function volume(player) {
  const input = dom('input', { type: 'range', min: '0', max: '1', step: '0.05' });
  const code = dom('code');
  input.addEventListener('input', () => (player.volume = Number(input.value)));
  const refresh = () => {
    input.value = String(player.volume);
    code.textContent = assignment('volume', Math.round(player.volume * 100) / 100);
  };
  return { element: field('Volume', input, code), refresh };
}

/**
 * @param {LivewsPlayerElement} player
 * @param {Switch[0]} property
 * @param {string} label
 * @returns {Knob}
 */
function toggle(player, property, label) {
  const input = dom('input', { type: 'checkbox' });
  const code = dom('code');
  input.addEventListener('change', () => {
    player[property] = input.checked;
    refresh();
  });
  const refresh = () => {
    input.checked = player[property];
    code.textContent = assignment(property, input.checked);
  };
  return { element: dom('div', { class: 'knob' }, dom('label', { class: 'switch' }, input, label), code), refresh };
}

/**
 * @param {LivewsPlayerElement} player
 * @param {'play' | 'pause' | 'goLive' | 'load'} method
 * @param {string} label
 * @returns {Knob}
 */
function button(player, method, label) {
  const element = dom('button', { type: 'button', class: 'plain' }, label);
  element.addEventListener('click', () => player[method]());
  return { element: dom('div', { class: 'knob' }, element, dom('code', {}, `player.${method}();`)), refresh: () => {} };
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {HTMLElement} code
 * @returns {HTMLElement}
 */
function field(label, control, code) {
  return dom('div', { class: 'knob' }, dom('label', {}, dom('span', {}, label), control), code);
}

/**
 * @param {string} property
 * @param {string | number | boolean} value
 * @returns {string}
 */
function assignment(property, value) {
  return `player.${property} = ${typeof value === 'string' ? `'${value.replace(/[\\']/g, '\\$&')}'` : value};`;
}
