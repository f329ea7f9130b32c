import { copyText } from './copy.js';
import { snippets } from './snippets.js';

/** What a button says after it was pressed stays for so many milliseconds. */
const BRIEFLY = 2_000;

/**
 * Fills in what a viewer can copy of a stream's page, and lets the buttons copy it: each field with a data-copy that
 * names one of Snippets, with a button beside it.
 *
 * @param {HTMLElement} root
 * @param {string} name of the stream
 */
export function fillShare(root, name) {
  const texts = snippets(name, document.baseURI);
  for (const field of root.querySelectorAll('textarea')) {
    field.value = texts[/** @type {keyof typeof texts} */ (field.dataset.copy)];
    const button = /** @type {HTMLButtonElement} */ (field.parentElement?.querySelector('button'));
    button.addEventListener('click', () => void copy(field, button));
    field.addEventListener('focus', () => field.select());
  }
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {HTMLButtonElement} button
 */
async function copy(field, button) {
  const done = await copyText(field.value);
  if (!done) field.select();
  const before = 'Copy';
  button.textContent = done ? 'Copied' : 'Now press Ctrl+C';
  setTimeout(() => (button.textContent = before), BRIEFLY);
}
