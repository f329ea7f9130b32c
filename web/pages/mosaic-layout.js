/** The shape of a cell. */
const RATIO = 16 / 9;
/** What lies between two cells, in pixels. */
export const GAP = 6;
/** No cell is narrower than this, in pixels, where there is room for one that wide: the page scrolls instead. */
const NARROWEST = 280;
/** Cells of so much of the largest width are as good. */
const NEARLY = 0.92;

/**
 * Returns in how many columns so many cells are largest in a place of this size, and how wide they are then, in pixels.
 *
 * @param {number} cells
 * @param {number} width
 * @param {number} height
 * @returns {{columns: number, cellWidth: number}}
 */
export function layOut(cells, width, height) {
  const choices = Array.from({ length: cells }, (_, i) => {
    const columns = i + 1;
    const rows = Math.ceil(cells / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows) * RATIO;
    return { columns, cellWidth: Math.floor(Math.min(byWidth, byHeight)) };
  });
  const largest = Math.max(0, ...choices.map(({ cellWidth }) => cellWidth));
  // Side by side looks better than one below the other, and may cost a little.
  const best = choices.findLast(({ cellWidth }) => cellWidth >= NEARLY * largest);
  if (best && best.cellWidth >= Math.min(NARROWEST, width)) return best;
  const columns = Math.max(1, Math.min(cells, Math.floor((width + GAP) / (NARROWEST + GAP))));
  return { columns, cellWidth: Math.max(0, Math.floor((width - GAP * (columns - 1)) / columns)) };
}
