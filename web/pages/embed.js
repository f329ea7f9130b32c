/**
 * The page to embed. Its query may have `muted`, to start without sound; `controls=0`, to show none; and `latency`, as
 * the attribute of the player has it. It runs before the player's script, which finds all in place.
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
const latency = params.get('latency');
if (latency) player.setAttribute('latency', latency);
player.setAttribute('src', player.dataset.src ?? '');

document.addEventListener('keydown', (event) => {
  const { handleKey } = /** @type {Partial<import('../element.js').LivewsPlayerElement>} */ (player);
  if (event.target === document.body) handleKey?.call(player, event);
});

export {};
