import { suitableBitrate } from '../publish-capture.js';
import { dom } from '../dom.js';
import { formatBitrate } from '../format.js';

const MEMORY_KEY = 'livews-publish';
/** How much more or less than what suits the size can be chosen. */
const BITRATES = [0.4, 0.7, 1, 1.6, 2.5];
/** The choices that are remembered, by the ids of their fields. */
const REMEMBERED = ['camera', 'microphone', 'size', 'rate'];

/** What the user has chosen in the form of the page that publishes. */
export class Choices {
  #form;
  #share = 1;
  /** Is called when another camera, microphone or size is chosen. */
  onchange = () => {};

  /** @param {HTMLElement} form */
  constructor(form) {
    this.#form = form;
    form.addEventListener('change', (event) => this.#changed(/** @type {HTMLElement} */ (event.target)));
    form.addEventListener('submit', (event) => event.preventDefault());
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.list());
  }

  /** @param {boolean} disabled */
  set disabled(disabled) {
    for (const fieldset of this.#form.querySelectorAll('fieldset')) fieldset.disabled = disabled;
    const camera = this.#form.querySelector('#camera-field');
    if (camera instanceof HTMLElement) camera.hidden = this.#source !== 'camera';
    for (const id of ['size', 'rate', 'bitrate']) this.#select(id).disabled = !this.wantsPicture;
  }

  /** Whether a screen is to be published. */
  get isScreen() {
    return this.#source === 'screen';
  }

  /** Whether there is to be a picture. */
  get wantsPicture() {
    return this.#source !== 'none';
  }

  /** Whether there is to be neither picture nor sound. */
  get wantsNothing() {
    return !this.video && !this.audio;
  }

  /** @returns {import('../publish-capture.js').VideoOptions | false} */
  get video() {
    if (!this.wantsPicture) return false;
    const [width, height] = this.#value('size').split('x').map(Number);
    const deviceId = this.isScreen ? 'screen' : this.#value('camera');
    return { deviceId, width, height, frameRate: Number(this.#value('rate')), bitrate: Number(this.#value('bitrate')) };
  }

  /** @returns {import('../publish-capture.js').AudioOptions | false} */
  get audio() {
    const deviceId = this.#value('microphone');
    return deviceId === 'none' ? false : { deviceId };
  }

  /** Takes up what was chosen last time, as far as it is there. */
  read() {
    const memory = recall();
    for (const id of REMEMBERED) choose(this.#select(id), memory[id]);
    this.#listBitrates();
  }

  /** Reports whether the user has allowed camera and microphone before. */
  async isAllowed() {
    try {
      const names = /** @type {PermissionName[]} */ (['camera', 'microphone']);
      const found = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
      return found.every(({ state }) => state === 'granted');
    } catch {
      // Not all browsers tell.
      return false;
    }
  }

  /**
   * Lists the devices. Their names are known once the user has allowed one.
   *
   * @param {MediaStream | null} [stream] whose devices are chosen where none is
   */
  async list(stream = null) {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const memory = recall();
    const tracks = stream?.getTracks() ?? [];
    for (const [id, kind] of /** @type {const} */ ([['camera', 'videoinput'], ['microphone', 'audioinput']])) {
      const select = this.#select(id);
      const chosen = select.value;
      const fixed = [...select.options].filter(({ value }) => value === '' || value === 'none');
      const named = devices.filter((device) => device.kind === kind && device.deviceId && device.label);
      select.replaceChildren(...fixed, ...named.map(({ deviceId, label }) => dom('option', { value: deviceId }, label)));
      const track = tracks.find(({ kind: of }) => of === kind.slice(0, 5));
      choose(select, chosen) || choose(select, memory[id]);
      if (select.value === '' && track) choose(select, track.getSettings().deviceId);
    }
  }

  /** @param {HTMLElement} target */
  #changed(target) {
    if (target.id === 'bitrate') {
      this.#share = Number(this.#select('bitrate').selectedOptions[0].dataset.share);
      return;
    }
    this.#listBitrates();
    remember(Object.fromEntries(REMEMBERED.map((id) => [id, this.#value(id)])));
    this.onchange();
  }

  #listBitrates() {
    const [width, height] = this.#value('size').split('x').map(Number);
    const suitable = suitableBitrate(width, height, Number(this.#value('rate')));
    const options = BITRATES.map((share) => {
      const bitrate = Math.round((suitable * share) / 1e5) * 1e5;
      return dom('option', { value: String(bitrate), 'data-share': String(share) }, formatBitrate(bitrate));
    });
    this.#select('bitrate').replaceChildren(...options);
    this.#select('bitrate').selectedIndex = BITRATES.indexOf(this.#share);
  }

  get #source() {
    const checked = this.#form.querySelector('input[name="source"]:checked');
    return checked instanceof HTMLInputElement ? checked.value : 'camera';
  }

  /** @param {string} id */
  #value(id) {
    return this.#select(id).value;
  }

  /**
   * @param {string} id
   * @returns {HTMLSelectElement}
   */
  #select(id) {
    return /** @type {HTMLSelectElement} */ (this.#form.querySelector(`#${id}`));
  }
}

/**
 * Chooses a value if there is such an option. Reports whether it stands for something.
 *
 * @param {HTMLSelectElement} select
 * @param {unknown} value
 * @returns {boolean}
 */
function choose(select, value) {
  if (typeof value !== 'string' || ![...select.options].some((option) => option.value === value)) return false;
  select.value = value;
  return value !== '';
}

/** @returns {Record<string, unknown>} */
function recall() {
  try {
    return Object(JSON.parse(localStorage.getItem(MEMORY_KEY) ?? '{}'));
  } catch {
    // Nothing is remembered, or the browser does not let the page remember.
    return {};
  }
}

/** @param {Record<string, string>} values */
function remember(values) {
  try {
    localStorage.setItem(MEMORY_KEY, JSON.stringify(values));
  } catch {
    // The next visit begins with the usual choices.
  }
}
