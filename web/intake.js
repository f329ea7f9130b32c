import { checkInit } from './boxes.js';
import { Feed } from './feed.js';
import { Flag, MessageError } from './message.js';
import { comparePositions } from './position.js';
import { Timeline } from './timeline.js';
import { chooseTracks } from './tracks.js';

/** @typedef {import('./message.js').Segment} Segment */
/** @typedef {import('./message.js').TrackInfo} TrackInfo */
/** @typedef {import('./position.js').Position} Position */
/** @typedef {Segment & {info: TrackInfo}} Init */

/** The most tracks of a stream that are looked at, and the most bytes that their init segments have together. */
const MAX_TRACKS = 64;
const MAX_INIT_BYTES = 8 << 20;
/**
 * The sound has stopped when none has come for this many milliseconds while pictures did, or for so many chunks where
 * they are long.
 */
const SILENT_AFTER = 1_000;
const SILENT_CHUNKS = 1.5;
/** It is back when it is no more than this many seconds away from the picture. */
const IN_STEP = 1;
/** When nothing but chunks that were here before has come for this many milliseconds, the stream has been set back. */
const STALE_AFTER = 10_000;

/**
 * What has come of a stream: its tracks, how far each of them is, and where its chunks belong. It takes segments from
 * one connection after the other, or from two at a time, and says what to do with them; it knows neither the
 * connections nor the media that the chunks go to.
 */
export class Intake {
  #isSupported;
  #now;
  /**
   * The init segment of each track that came last; the one in force is that of its feed.
   *
   * @type {Map<number, Init>}
   */
  #inits = new Map();
  /** @type {Map<number, Feed>} */
  #feeds = new Map();
  /**
   * Tracks which have stopped while others go on, with the last that was heard of them.
   *
   * @type {Map<number, Position | null>}
   */
  #silent = new Map();
  /**
   * The rendition that is played where it can be, and the one that shall follow it.
   *
   * @type {number | null}
   */
  #preferred = null;
  /** @type {number | null} */
  #next = null;
  #timeline = new Timeline();
  #newest = { epoch: -1, time: 0 };
  #acceptedAt = 0;
  #resumable = true;
  #past = { gaps: 0, duplicates: 0, orphans: 0, refused: 0 };

  /**
   * @param {(mime: string) => boolean} isSupported says whether the browser plays a type
   * @param {() => number} now gives milliseconds
   */
  constructor(isSupported, now) {
    this.#isSupported = isSupported;
    this.#now = now;
  }

  /** Whether any track is known. */
  get isEmpty() {
    return this.#inits.size === 0;
  }

  /** All tracks that have been told, in their order. */
  get known() {
    return [...this.#inits.values()].map((init) => init.info).sort((a, b) => a.number - b.number);
  }

  /** The tracks that are played. */
  get tracks() {
    return [...this.#feeds.values()].map((feed) => feed.init.info);
  }

  /** The numbers of the tracks to ask for, or null for all: one that is silent may be heard again. */
  get selection() {
    const wanted = [...this.#feeds.keys(), ...this.#silent.keys()];
    return wanted.length < this.#inits.size ? wanted : null;
  }

  /** Whether the sound has been given up. */
  get isSilent() {
    return this.#silent.size > 0;
  }

  /** How long the longest chunks are, in seconds, about. */
  get duration() {
    return Math.max(0, ...[...this.#feeds.values()].map((feed) => feed.duration));
  }

  /** How much media comes at once, in seconds, about: the longest chunk, or a burst of several. */
  get burst() {
    return Math.max(0, ...[...this.#feeds.values()].map((feed) => feed.burst));
  }

  /** What was missing, came again, or was of no use, in all. */
  get counts() {
    return [...this.#feeds.values()].reduce((sum, feed) => add(sum, feed.counts), this.#past);
  }

  /** The position of the last chunk of each track that is played: what a new connection goes on after. */
  get after() {
    /** @type {Map<number, import('./position.js').Position>} */
    const after = new Map();
    if (!this.#resumable) return after;
    for (const [track, feed] of this.#feeds) if (feed.last) after.set(track, feed.last);
    return after;
  }

  /** Says that the server has been told to keep nothing, or less: what it kept before says nothing of what will come at once. */
  hurry() {
    for (const feed of this.#feeds.values()) feed.hurry();
  }

  /** Says that a connection is there after a time without one. */
  connected() {
    this.#acceptedAt = this.#now();
    for (const feed of this.#feeds.values()) feed.acceptedAt = this.#acceptedAt;
  }

  /**
   * Says that a connection is lost. If nothing new has come by it for long, the server may have what is older than
   * what is here, and nothing ever follows that: then after is empty, to see what there is.
   */
  disconnected() {
    if (this.#now() - this.#acceptedAt > STALE_AFTER) this.#resumable = false;
  }

  /**
   * Takes in an init segment. It comes into force with the first chunk that needs it: of the same one again, or one
   * that a second connection brings late, nothing is seen. Reports whether playback has to begin anew for it,
   * because it brings a track that is to be played besides those that are.
   *
   * @param {Init} init
   * @returns {boolean}
   * @throws {MessageError}
   */
  addInit(init) {
    const { track } = init;
    const wrong = checkInit(init.payload);
    if (wrong !== null) throw new MessageError(`init segment of track ${track}: ${wrong}`);
    if (this.#inits.size >= MAX_TRACKS && !this.#inits.has(track)) throw new MessageError(`track ${track}: too many tracks`);
    const others = [...this.#inits.values()].filter((other) => other.track !== track);
    const bytes = others.reduce((sum, other) => sum + other.payload.length, init.payload.length);
    if (bytes > MAX_INIT_BYTES) throw new MessageError(`init segment of track ${track}: ${bytes} bytes with those of other tracks`);
    const feed = this.#feeds.get(track);
    this.#inits.set(track, feed && isSameInit(feed.init, init) ? feed.init : init);
    return this.#feeds.size > 0 && !feed && this.isChosen(track);
  }

  /** Chooses what to play of what has come. */
  choose() {
    const infos = [...this.#inits.values()].map((init) => init.info).filter((info) => !this.#silent.has(info.number));
    return chooseTracks(infos, this.#isSupported, this.#preferred);
  }

  /**
   * Sets which of the tracks of pictures to play from the start where it is there.
   *
   * @param {number | null} track
   */
  prefer(track) {
    this.#preferred = track;
  }

  /**
   * Goes on with another track of pictures as soon as a group of it begins. Null: with the one that plays.
   *
   * @param {number | null} track
   */
  switchTo(track) {
    this.#next = track;
  }

  /**
   * Reports whether a track is among those to play.
   *
   * @param {number} track
   * @returns {boolean}
   */
  isChosen(track) {
    return this.choose().tracks.some((info) => info.number === track);
  }

  /**
   * Begins to take in the chunks of these tracks, and returns their init segments.
   *
   * @param {TrackInfo[]} tracks
   * @returns {Init[]}
   */
  start(tracks) {
    const inits = tracks.map((track) => /** @type {Init} */ (this.#inits.get(track.number)));
    for (const init of inits) {
      const feed = new Feed(init);
      feed.acceptedAt = this.#now();
      this.#feeds.set(init.track, feed);
    }
    return inits;
  }

  /**
   * Says what to do with a chunk: 'play' it, 'drop' it, or begin anew: because the 'sound' is back, or else ('rebuild').
   *
   * @param {Segment} chunk
   * @returns {'play' | 'drop' | 'sound' | 'rebuild'}
   */
  take(chunk) {
    if (chunk.track === this.#next && chunk.flags & Flag.first) this.#switch(chunk.track);
    const feed = this.#feeds.get(chunk.track);
    if (!feed) return this.#isHeardAgain(chunk) ? 'sound' : 'drop';
    const now = this.#now();
    if (!feed.accept(chunk, now)) return now - this.#acceptedAt > STALE_AFTER ? 'rebuild' : 'drop';
    this.#acceptedAt = now;
    this.#newest = { epoch: chunk.position.epoch, time: chunk.decodeTime };
    this.#resumable = true;
    return 'play';
  }

  /**
   * Returns the init segment that has to come before the chunk of this track which was let through last, or null if
   * the one in force will do. It is in force then.
   *
   * @param {number} track
   * @returns {Init | null}
   */
  takeInit(track) {
    const feed = this.#feeds.get(track);
    const init = this.#inits.get(track);
    if (!feed || !init || feed.init === init) return null;
    feed.init = init;
    return init;
  }

  /**
   * Returns where a chunk that was let through belongs, or null if it has no place behind what came before.
   *
   * @param {Segment} chunk
   * @returns {{time: number, offset: number, first: boolean} | null} time and offset are in seconds
   */
  place({ track, position, decodeTime, flags }) {
    const time = decodeTime / 1e6;
    const offset = this.#timeline.place(track, position.epoch, time, this.#feeds.get(track)?.duration ?? 0);
    return offset === null ? null : { time: time + offset, offset, first: (flags & Flag.first) !== 0 };
  }

  /**
   * Reports whether a track is the one that says how playback stands: the picture, or the sound where that is all.
   *
   * @param {number} track
   * @returns {boolean}
   */
  isLead(track) {
    return this.#feeds.size === 1 || this.#feeds.get(track)?.init.info.kind === 'video';
  }

  /**
   * Takes a notice of chunks that do not come.
   *
   * @param {import('./message.js').Gap} gap
   */
  miss(gap) {
    this.#feeds.get(gap.track)?.miss(gap);
  }

  /**
   * Says that chunks of a track were lost after they had been let through.
   *
   * @param {number} track
   */
  break(track) {
    this.#feeds.get(track)?.break();
  }

  /**
   * Gives up the sound if it has stopped and the picture has not: a browser would wait for it for ever. Reports
   * whether it does; then playback has to begin anew.
   *
   * @returns {boolean}
   */
  giveUpSound() {
    const feeds = [...this.#feeds.values()];
    const picture = feeds.find((feed) => feed.init.info.kind === 'video');
    const sound = feeds.find((feed) => feed.init.info.kind === 'audio');
    if (!picture || !sound) return false;
    const patience = Math.max(SILENT_AFTER, SILENT_CHUNKS * 1000 * this.burst);
    if (picture.acceptedAt - sound.acceptedAt < patience) return false;
    // After an outage the picture may come a moment before the sound.
    const isOneClock = picture.last && picture.last.epoch === sound.last?.epoch;
    if (isOneClock && (picture.time - sound.time) * 1000 < patience) return false;
    this.#silent.set(sound.init.track, sound.last);
    return true;
  }

  /** Forgets the stream, but not which of its tracks were silent, nor the counts: playback begins anew. */
  forget() {
    this.#past = this.counts;
    this.#next = null;
    this.#inits.clear();
    this.#feeds.clear();
    this.#timeline = new Timeline();
    this.#resumable = true;
  }

  /**
   * Lets a track take the place of the one of its kind that plays. The init segment of that stays in force up to
   * takeInit.
   *
   * @param {number} track
   */
  #switch(track) {
    this.#next = null;
    const init = this.#inits.get(track);
    const old = [...this.#feeds.values()].find((feed) => feed.init.info.kind === init?.info.kind);
    if (!init || !old || old.init.track === track) return;
    this.#past = add(this.#past, old.counts);
    this.#feeds.delete(old.init.track);
    this.#feeds.set(track, old.successor());
    this.#preferred = track;
  }

  /**
   * Takes up the sound again when it is back: with more than was there when it stopped, which a new connection brings
   * once more.
   *
   * @param {Segment} chunk of a track that is not played
   */
  #isHeardAgain({ track, position, decodeTime }) {
    const last = this.#silent.get(track);
    if (last === undefined || (last && comparePositions(position, last) <= 0)) return false;
    const { epoch, time } = this.#newest;
    if (epoch !== position.epoch || Math.abs(time - decodeTime) > IN_STEP * 1e6) return false;
    return this.#silent.delete(track);
  }
}

/** @typedef {Feed['counts']} Counts */

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
function add(a, b) {
  return {
    gaps: a.gaps + b.gaps,
    duplicates: a.duplicates + b.duplicates,
    orphans: a.orphans + b.orphans,
    refused: a.refused + b.refused,
  };
}

/**
 * @param {Init} a
 * @param {Init} b
 * @returns {boolean}
 */
function isSameInit(a, b) {
  return (
    JSON.stringify(a.info) === JSON.stringify(b.info) &&
    a.payload.length === b.payload.length &&
    a.payload.every((byte, i) => byte === b.payload[i])
  );
}
