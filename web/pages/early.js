/**
 * Asks for the stream of this page while the player is still on its way. The page loads it as a plain script, in front of
 * all else: a module would have to wait for its turn.
 */

import { webSocketURL } from '../address.js';
import { openEarlyMedia } from '../early-media.js';
import { openEarly } from '../early-socket.js';

const url = webSocketURL(document.currentScript?.dataset.src ?? '', document.baseURI);
// With these a page to embed asks for something else.
const isPlain = !['latency', 'mode'].some((name) => new URLSearchParams(location.search).has(name));
if (url && isPlain) openEarly(url);
if (isPlain) openEarlyMedia();
