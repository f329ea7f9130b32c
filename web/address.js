/**
 * Returns the WebSocket URL of a stream's address: ws and wss stay, http and https turn into them, and a relative
 * one is taken from base. Null if it is none of these.
 *
 * @param {string} src
 * @param {string} base
 * @returns {string | null}
 */
export function webSocketURL(src, base) {
  let url;
  try {
    url = new URL(src, base);
  } catch {
    return null;
  }
  url.hash = '';
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.protocol === 'ws:' || url.protocol === 'wss:' ? url.href : null;
}
