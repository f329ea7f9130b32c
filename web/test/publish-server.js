import assert from 'node:assert/strict';

/**
 * A server of livews.publish.1 that takes nothing but what PROTOCOL.md allows: it is given what a publisher sends.
 */
export class StrictServer {
  /** The tracks of the last start, by number. */
  tracks = new Map();
  /** What has come, in short. */
  log = [];
  ended = false;
  #last = new Map();
  #awaitsKey = new Set();

  take(message) {
    assert.equal(this.ended, false, 'a message after the end');
    if (typeof message === 'string') this.#control(JSON.parse(message));
    else this.#frame(message);
  }

  #control(message) {
    this.log.push(message.type);
    if (message.type === 'start') this.#start(message);
    else if (message.type === 'clock') this.#clock(message);
    else if (message.type === 'end') this.ended = true;
    else assert.fail(`message of type ${message.type}`);
  }

  #start({ tracks }) {
    assert.ok(tracks.length >= 1 && tracks.length <= 4, `${tracks.length} tracks`);
    this.tracks = new Map(tracks.map((track) => [track.track, track]));
    assert.equal(this.tracks.size, tracks.length, 'track numbers twice');
    for (const track of tracks) {
      assert.ok(Number.isInteger(track.track) && track.track >= 1 && track.track <= 255);
      assert.match(track.codec, track.kind === 'audio' ? /^opus$/ : /^(avc1|vp09|av01)\./);
      const sizes = track.kind === 'audio' ? ['sampleRate', 'channels'] : ['width', 'height', 'frameRate'];
      for (const size of [...sizes, 'bitrate']) assert.ok(track[size] > 0, `${size} is ${track[size]}`);
    }
    this.#awaitsKey = new Set(tracks.filter(({ kind }) => kind === 'video').map(({ track }) => track));
  }

  #clock({ timestamp, wall }) {
    assert.ok(Number.isInteger(timestamp));
    assert.ok(wall > 1.7e12, `wall clock ${wall}`);
  }

  #frame(message) {
    const view = new DataView(message);
    const [flags, track] = [view.getUint8(0), view.getUint8(1)];
    assert.ok(message.byteLength > 16, 'a frame without a payload');
    assert.ok(this.tracks.has(track), `a frame of track ${track}, which was not announced`);
    assert.equal(flags & ~1, 0, `flags ${flags}`);
    assert.equal(view.getUint16(2), 0, 'reserved bytes');
    if (this.#awaitsKey.has(track)) assert.equal(flags, 1, 'no key frame first');
    this.#awaitsKey.delete(track);
    const timestamp = Number(view.getBigInt64(8));
    assert.ok(timestamp > (this.#last.get(track) ?? -Infinity), `time ${timestamp} after ${this.#last.get(track)}`);
    this.#last.set(track, timestamp);
    this.log.push(`${track}${flags ? 'k' : ''}`);
  }
}
