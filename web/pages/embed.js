/**
 * The page to embed. Its query may have `muted`, to start without sound; `controls=0`, to show none; and `latency`,
 * `quality` and `mode`, as the attributes of the player have them. It runs before the player's script, which finds all in place.
 */

const player = /** @type {HTMLElement} */ (document.getElementById('player'));
const params = new URLSearchParams(location.search);

/**
 * Reports whether the query says yes to something, or what is the case if it says nothing.
 *
 * @param {string} name
 * @param {boolean} usual
 * @returns {boolean}
 */
function says(name, usual) {
  const value = params.get(name);
  return value === null ? usual : !['0', 'false', 'no'].includes(value);
}

player.toggleAttribute('muted', says('muted', false));
player.toggleAttribute('controls', says('controls', true));
for (const name of ['latency', 'quality', 'mode']) {
  const value = params.get(name);
  if (value) player.setAttribute(name, value);
}
player.setAttribute('src', player.dataset.src ?? '');

document.addEventListener('keydown', (event) => {
  const { handleKey } = /** @type {Partial<import('../element.js').LivewsPlayerElement>} */ (player);
  if (event.target === document.body) handleKey?.call(player, event);
});

export {};
