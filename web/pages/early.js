/**
 * Asks for the stream of this page while the player is still on its way. The page loads it as a plain script, in front of
 * all else: a module would have to wait for its turn.
 */

import { webSocketURL } from '../address.js';
import { openEarly } from '../early-socket.js';

const url = webSocketURL(document.currentScript?.dataset.src ?? '', document.baseURI);
if (url) openEarly(url);
