import { dom } from '../dom.js';
import { count } from '../format.js';
import { MOST_STREAMS } from './multi-address.js';
import { fetchStreams } from './stream-list.js';

/** A dialog in which a viewer picks streams. It is that of multi.html. */
export class StreamPicker {
  #dialog;
  #onpick;
  #list;
  #note;
  #filter;
  /** @type {string[]} in the order in which they were picked */
  #picked = [];

  /**
   * @param {HTMLDialogElement} dialog
   * @param {(streams: string[]) => void} onpick the viewer has chosen
   */
  constructor(dialog, onpick) {
    this.#dialog = dialog;
    this.#onpick = onpick;
    this.#list = /** @type {HTMLElement} */ (dialog.querySelector('#picker-list'));
    this.#note = /** @type {HTMLElement} */ (dialog.querySelector('#picker-note'));
    this.#filter = /** @type {HTMLInputElement} */ (dialog.querySelector('#picker-filter'));
    this.#filter.addEventListener('input', () => this.#applyFilter());
    this.#list.addEventListener('change', (event) => this.#toggled(/** @type {HTMLInputElement} */ (event.target)));
    dialog.querySelector('#picker-cancel')?.addEventListener('click', () => dialog.close(''));
    dialog.addEventListener('close', () => dialog.returnValue === 'ok' && this.#onpick(this.#picked));
  }

  /**
   * Lets the viewer pick.
   *
   * @param {string[]} picked those that are picked already
   */
  async open(picked) {
    if (this.#dialog.open) return;
    this.#picked = [...picked];
    this.#filter.value = '';
    this.#list.replaceChildren();
    this.#note.textContent = 'Asking for the streams …';
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
    const streams = await fetchStreams('streams', fetch).catch(() => null);
    const known = (streams ?? []).map((stream) => stream.name);
    // Those that are picked stay in the list even if they have ended.
    this.#fill([...this.#picked.filter((name) => !known.includes(name)), ...known]);
    if (!streams) this.#note.textContent = 'The server does not answer.';
  }

  /** @param {string[]} names */
  #fill(names) {
    const rows = names.map((name) => {
      const box = dom('input', { type: 'checkbox', value: name });
      box.checked = this.#picked.includes(name);
      return dom('li', {}, dom('label', {}, box, dom('span', {}, name)));
    });
    this.#list.replaceChildren(...rows);
    this.#refresh();
  }

  /** @param {HTMLInputElement} box */
  #toggled(box) {
    this.#picked = this.#picked.filter((name) => name !== box.value);
    if (box.checked) this.#picked.push(box.value);
    this.#refresh();
  }

  #refresh() {
    const isFull = this.#picked.length >= MOST_STREAMS;
    for (const box of this.#list.querySelectorAll('input')) box.disabled = isFull && !box.checked;
    const none = this.#list.children.length === 0 ? 'No streams yet.' : `${count(this.#picked.length, 'stream')} picked`;
    this.#note.textContent = isFull ? `${MOST_STREAMS} streams picked, which is the most` : none;
  }

  #applyFilter() {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const row of /** @type {Iterable<HTMLElement>} */ (this.#list.children)) {
      row.hidden = !row.textContent?.toLowerCase().includes(wanted);
    }
  }
}
