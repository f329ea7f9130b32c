/**
 * A part of a media time line that is buffered, in seconds.
 *
 * @typedef {{start: number, end: number}} Range
 */

/**
 * Returns time ranges as an array.
 *
 * @param {TimeRanges} ranges
 * @returns {Range[]}
 */
export function listRanges(ranges) {
  return Array.from({ length: ranges.length }, (_, i) => ({ start: ranges.start(i), end: ranges.end(i) }));
}

/**
 * Returns the start of the next range where the playhead has come to a hole, or null where it has media in front
 * of it or no media follows.
 *
 * @param {Range[]} ranges in order
 * @param {number} playhead
 * @param {number} slack how little media in front of the playhead is none, in seconds
 * @returns {number | null}
 */
export function beyondHole(ranges, playhead, slack) {
  const inside = ranges.some((range) => range.start <= playhead && playhead < range.end - slack);
  const next = inside ? undefined : ranges.find((range) => range.start > playhead);
  return next ? next.start : null;
}
