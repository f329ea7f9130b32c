/** @typedef {import('./menu.js').Group} Group */

/** The latencies to choose from, and what they are called. */
const LATENCIES = [
  ['low', 'Lowest'],
  ['balanced', 'Balanced'],
  ['smooth', 'Smooth'],
  ['1s', '1 second'],
  ['5s', '5 seconds'],
];

/**
 * Lists what a viewer can set.
 *
 * @param {{latency: string, statsShown: boolean}} host the custom element
 * @param {Pick<import('./player.js').Player, 'qualities' | 'quality' | 'currentQuality'>} player
 * @param {ArrayLike<TextTrack>} textTracks
 * @returns {Group[]}
 */
export function settings(host, player, textTracks) {
  const statistics = { label: 'Statistics', checked: host.statsShown, choose: () => (host.statsShown = !host.statsShown) };
  return [...qualities(player), latencies(host), ...captions(textTracks), { title: '', choices: [statistics] }];
}

/**
 * @param {Pick<import('./player.js').Player, 'qualities' | 'quality' | 'currentQuality'>} player
 * @returns {Group[]}
 */
function qualities(player) {
  const { qualities: list, quality, currentQuality } = player;
  if (list.length < 2) return [];
  const isFixed = list.some(({ id }) => id === quality);
  const shown = list.find(({ id }) => id === currentQuality);
  const auto = { label: shown && !isFixed ? `Auto (${shown.label})` : 'Auto', checked: !isFixed, choose: () => (player.quality = 'auto') };
  const fixed = list.map(({ id, label }) => ({ label, checked: id === quality, choose: () => (player.quality = id) }));
  return [{ title: 'Quality', choices: [auto, ...fixed] }];
}

/**
 * @param {{latency: string}} host
 * @returns {Group}
 */
function latencies(host) {
  const now = host.latency || 'balanced';
  // A page may ask for one that is not in the list.
  const list = LATENCIES.some(([value]) => value === now) ? LATENCIES : [...LATENCIES, [now, now]];
  const choices = list.map(([value, label]) => ({ label, checked: value === now, choose: () => (host.latency = value) }));
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
