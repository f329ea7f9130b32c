import { icon } from '../icons.js';

/** Shapes that only these pages need, on a grid of 24, filled. */
const PATHS = {
  close: 'M6.3 4.9 12 10.6l5.7-5.7 1.4 1.4-5.7 5.7 5.7 5.7-1.4 1.4-5.7-5.7-5.7 5.7-1.4-1.4 5.7-5.7-5.7-5.7Z',
  enlarge: 'M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm1 2v10h9V7Zm11 0v4h3V7Zm0 6v4h3v-4Z',
  open: 'M13 4h7v7h-2V7.4l-7.3 7.3-1.4-1.4L16.6 6H13ZM5 6h5v2H6v10h10v-4h2v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1Z',
};

/**
 * Makes one of these icons.
 *
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function shape(name) {
  const svg = icon('play');
  svg.firstElementChild?.setAttribute('d', PATHS[name]);
  return svg;
}
