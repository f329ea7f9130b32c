import { rememberChoice } from './choice-memory.js';

/** @typedef {import('./menu.js').Group} Group */
/** @typedef {Pick<import('./player.js').Player, 'qualities' | 'quality' | 'currentQuality' | 'latency'>} Player */

/** The latencies to choose from, and what they are called. */
const LATENCIES = [
  ['low', 'Lowest'],
  ['balanced', 'Balanced'],
  ['smooth', 'Smooth'],
  ['1s', '1 second'],
  ['5s', '5 seconds'],
];

/**
 * Lists what a viewer can set. What is chosen of quality and latency is kept for the next page.
 *
 * @param {{statsShown: boolean}} host the custom element
 * @param {Player} player
 * @param {ArrayLike<TextTrack>} textTracks
 * @returns {Group[]}
 */
export function settings(host, player, textTracks) {
  const statistics = { label: 'Statistics', checked: host.statsShown, choose: () => (host.statsShown = !host.statsShown) };
  return [...qualities(player), latencies(player), ...captions(textTracks), { title: '', choices: [statistics] }];
}

/**
 * @param {Player} player
 * @returns {Group[]}
 */
function qualities(player) {
  const { qualities: list, quality, currentQuality } = player;
  if (list.length < 2) return [];
  const isFixed = list.some(({ id }) => id === quality);
  const shown = list.find(({ id }) => id === currentQuality);
  /**
   * @param {number | string} id
   * @param {string} kept numbers of tracks mean nothing to another stream
   */
  const choose = (id, kept) => {
    player.quality = id;
    rememberChoice({ quality: kept });
  };
  const auto = { label: shown && !isFixed ? `Auto (${shown.label})` : 'Auto', checked: !isFixed, choose: () => choose('auto', 'auto') };
  const fixed = list.map(({ id, label, height }) => ({ label, checked: id === quality, choose: () => choose(id, height ? `${height}p` : 'auto') }));
  return [{ title: 'Quality', choices: [auto, ...fixed] }];
}

/**
 * @param {Player} player
 * @returns {Group}
 */
function latencies(player) {
  const now = player.latency || 'balanced';
  // A page may ask for one that is not in the list.
  const list = LATENCIES.some(([value]) => value === now) ? LATENCIES : [...LATENCIES, [now, now]];
  /** @param {string} value */
  const choose = (value) => {
    player.latency = value;
    rememberChoice({ latency: value });
  };
  const choices = list.map(([value, label]) => ({ label, checked: value === now, choose: () => choose(value) }));
  return { title: 'Latency', choices };
}

/**
 * @param {ArrayLike<TextTrack>} textTracks
 * @returns {Group[]}
 */
function captions(textTracks) {
  const tracks = Array.from(textTracks).filter(({ kind }) => kind === 'captions' || kind === 'subtitles');
  if (!tracks.length) return [];
  /** @param {TextTrack | null} wanted */
  const show = (wanted) => tracks.forEach((track) => (track.mode = track === wanted ? 'showing' : 'disabled'));
  const off = { label: 'Off', checked: tracks.every(({ mode }) => mode !== 'showing'), choose: () => show(null) };
  const choices = tracks.map((track, i) => ({
    label: track.label || track.language || `Captions ${i + 1}`,
    checked: track.mode === 'showing',
    choose: () => show(track),
  }));
  return [{ title: 'Captions', choices: [off, ...choices] }];
}
