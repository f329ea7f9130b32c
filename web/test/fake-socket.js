import { EventEmitter } from 'node:events';

/** A WebSocket that a test plays the server of. All that were made are in FakeSocket.made. */
export class FakeSocket extends EventEmitter {
  /** @type {FakeSocket[]} */
  static made = [];

  /** What the addresses begin with that a browser throws at, or null. */
  static forbidden = null;

  onopen = null;
  onmessage = null;
  onclose = null;
  protocol = '';
  sent = [];
  /** The code that the client has closed with, or null. */
  closedWith = null;

  static get last() {
    return FakeSocket.made.at(-1);
  }

  constructor(url, protocol) {
    super();
    if (FakeSocket.forbidden !== null && url.startsWith(FakeSocket.forbidden)) throw new DOMException('no', 'SecurityError');
    this.url = url;
    this.offered = protocol;
    FakeSocket.made.push(this);
  }

  /** The server accepts. */
  accept(protocol = this.offered) {
    this.protocol = protocol;
    this.onopen?.({});
  }

  /** The server sends. */
  deliver(data) {
    this.onmessage?.({ data });
  }

  /** The connection is gone. */
  lose(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }

  send(data) {
    this.sent.push(data);
  }

  close(code) {
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) throw new Error(`a browser does not let a page close with ${code}`);
    this.closedWith = code;
  }
}
