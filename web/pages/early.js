/** Asks for the stream of this page while the player is still on its way. */

import { openEarly } from '../early-socket.js';

// Where this script is the last to come, the player has asked already.
if (!customElements.get('livews-player')) openEarly(location.origin.replace(/^http/, 'ws') + location.pathname);
