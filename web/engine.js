/**
 * What plays the chunks of one load: it holds the media, moves the playhead, and shows pictures. MseEngine does it with
 * Media Source Extensions, CodecEngine with WebCodecs. A Player tells it what has come and what the viewer wants; it
 * tells the Player by its handlers when something has changed.
 *
 * Segments come in their order: start, then an init segment for each track, then chunks and further init segments.
 *
 * @typedef {object} Engine
 * @property {HTMLElement} surface what the picture is shown in
 * @property {boolean} paused
 * @property {boolean} isEmpty whether there is nothing to look at, not even a frozen picture
 * @property {boolean} isStarted whether the tracks are known
 * @property {boolean} isPlaced whether a first position has been found
 * @property {boolean} hasPicture whether there is something to look at
 * @property {boolean} isFollowing whether playback is kept at the live edge
 * @property {boolean} isBlocked whether the browser refuses to start until the viewer asks for it
 * @property {boolean} isMutedByBrowser whether the sound is off only because the browser would not start with it
 * @property {boolean} isFrozen whether playback has lacked media for long enough that a viewer notices
 * @property {boolean} isOver whether playback has come to the end of the media
 * @property {boolean} hasAudio whether the tracks include sound
 * @property {number} lag how far playback is behind the place that it would have at the live edge, in seconds
 * @property {EngineStats} stats
 * @property {(tracks: TrackInfo[]) => void} start
 * @property {(info: TrackInfo, payload: Uint8Array<ArrayBuffer>) => boolean} appendInit takes in what the chunks of a
 *   track need from now on; another track than those of start takes the place of the one of its kind. It reports whether
 *   that could be done; if not, playback has to begin anew
 * @property {(chunk: Piece) => void} append
 * @property {() => void} restart begins anew, with tracks to be told
 * @property {() => void} end lets playback end with what has come
 * @property {() => void} play
 * @property {() => void} pause
 * @property {() => void} goLive
 * @property {(seconds: number) => void} seekBy moves within what is there
 * @property {(profile: import('./profile.js').Profile) => void} aim steers to another distance from the live edge: by the
 *   rate, or with one jump where that would take long
 * @property {() => void} shown says that the page is looked at again
 * @property {() => void} close
 */

/**
 * A chunk, and where it belongs. Times are in seconds on the time line of playback.
 *
 * @typedef {object} Piece
 * @property {number} track
 * @property {Uint8Array<ArrayBuffer>} payload
 * @property {{time: number, offset: number, first: boolean}} place
 * @property {number} wallClock when it was captured, in Unix milliseconds, if its track is the one that says how
 *   playback stands, and this is known; else 0
 * @property {number} burst how much media comes at once, about: the longest chunk, or several that come together
 * @property {boolean} more whether the server has more ready behind it: the live edge is not there yet
 */

/**
 * @typedef {object} EngineStats
 * @property {number | null} latencyMs
 * @property {number | null} firstFrameMs
 * @property {number} bufferMs
 * @property {number} targetMs
 * @property {number} rate
 * @property {number} droppedFrames
 * @property {number} decodedFrames
 * @property {number} [decodedSounds]
 * @property {number | null} [skewMs]
 * @property {number} width
 * @property {number} height
 * @property {number} stalls
 * @property {number} jumps
 * @property {number} holes
 * @property {{hole: number, dry: number, nudge: number, room: number, overflow: number}} recoveries see recoveries.js
 */

/**
 * @typedef {object} EngineHandlers
 * @property {() => void} onchange something has changed that a viewer could be told
 * @property {() => void} onbuffered what is buffered has changed
 * @property {(track: number) => void} ondrop chunks of a track were dropped: only one which begins a group can follow
 * @property {(message: string) => void} onerror the media cannot be played on; restart may help
 * @property {(reason: string) => void} onunsupported the media cannot be played by this engine
 * @property {() => void} onplaychange it was paused, or plays on, or has something to look at, where no video element tells
 */

/** @typedef {import('./message.js').TrackInfo} TrackInfo */

export {};
