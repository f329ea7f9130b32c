/**
 * Registers the custom element `<livews-player>`:
 *
 *     <script type="module" src="assets/livews-player.js"></script>
 *     <livews-player src="live/cam1" controls></livews-player>
 */

import { LivewsPlayerElement } from './element.js';

export { LivewsPlayerElement };

if (!customElements.get('livews-player')) customElements.define('livews-player', LivewsPlayerElement);
