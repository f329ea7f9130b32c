const SVG = 'http://www.w3.org/2000/svg';

/** Shapes on a grid of 24, filled. */
const PATHS = {
  play: 'M8 5.2v13.6c0 .8.9 1.3 1.6.8l10.2-6.8a1 1 0 0 0 0-1.6L9.6 4.4C8.9 3.9 8 4.4 8 5.2Z',
  pause: 'M7.5 5h2A1.5 1.5 0 0 1 11 6.5v11A1.5 1.5 0 0 1 9.5 19h-2A1.5 1.5 0 0 1 6 17.5v-11A1.5 1.5 0 0 1 7.5 5Zm7 0h2A1.5 1.5 0 0 1 18 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-2a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 14.5 5Z',
  volume:
    'M4 9.5v5a1 1 0 0 0 1 1h2.6l4.7 3.9a1 1 0 0 0 1.7-.8V5.4a1 1 0 0 0-1.7-.8L7.6 8.5H5a1 1 0 0 0-1 1Zm12.2-1.2a.9.9 0 0 1 1.3 0 5.3 5.3 0 0 1 0 7.4.9.9 0 1 1-1.3-1.3 3.5 3.5 0 0 0 0-4.8.9.9 0 0 1 0-1.3Zm2.4-2.5a.9.9 0 0 1 1.3 0 8.8 8.8 0 0 1 0 12.4.9.9 0 1 1-1.3-1.3 7 7 0 0 0 0-9.8.9.9 0 0 1 0-1.3Z',
  muted:
    'M4 9.5v5a1 1 0 0 0 1 1h2.6l4.7 3.9a1 1 0 0 0 1.7-.8V5.4a1 1 0 0 0-1.7-.8L7.6 8.5H5a1 1 0 0 0-1 1Zm12.1-.2a.9.9 0 0 1 1.3 0l1.5 1.5 1.4-1.5a.9.9 0 0 1 1.3 1.3L20.2 12l1.4 1.4a.9.9 0 0 1-1.3 1.3l-1.4-1.4-1.5 1.4a.9.9 0 0 1-1.3-1.3L17.6 12l-1.5-1.4a.9.9 0 0 1 0-1.3Z',
  pip: 'M5 5h14a2 2 0 0 1 2 2v4.5h-1.8V7a.2.2 0 0 0-.2-.2H5a.2.2 0 0 0-.2.2v10c0 .1.1.2.2.2h5.5V19H5a2 2 0 0 1-2-2V7c0-1.1.9-2 2-2Zm8.5 8.2h6a1.3 1.3 0 0 1 1.3 1.3v3.2a1.3 1.3 0 0 1-1.3 1.3h-6a1.3 1.3 0 0 1-1.3-1.3v-3.2a1.3 1.3 0 0 1 1.3-1.3Z',
  settings:
    'M4 6.1h8.7a2.5 2.5 0 0 1 4.6 0H20a.9.9 0 0 1 0 1.8h-2.7a2.5 2.5 0 0 1-4.6 0H4a.9.9 0 0 1 0-1.8Zm0 5h2.7a2.5 2.5 0 0 1 4.6 0H20a.9.9 0 0 1 0 1.8h-8.7a2.5 2.5 0 0 1-4.6 0H4a.9.9 0 0 1 0-1.8Zm0 5h8.7a2.5 2.5 0 0 1 4.6 0H20a.9.9 0 0 1 0 1.8h-2.7a2.5 2.5 0 0 1-4.6 0H4a.9.9 0 0 1 0-1.8Z',
  close: 'M6.3 5 12 10.7 17.7 5 19 6.3 13.3 12l5.7 5.7-1.3 1.3-5.7-5.7L6.3 19 5 17.7l5.7-5.7L5 6.3Z',
  fullscreen:
    'M5.4 4.5h3.7a.9.9 0 1 1 0 1.8H6.3v2.8a.9.9 0 1 1-1.8 0V5.4c0-.5.4-.9.9-.9Zm9.5 0h3.7c.5 0 .9.4.9.9v3.7a.9.9 0 1 1-1.8 0V6.3h-2.8a.9.9 0 1 1 0-1.8ZM5.4 14c.5 0 .9.4.9.9v2.8h2.8a.9.9 0 1 1 0 1.8H5.4a.9.9 0 0 1-.9-.9v-3.7c0-.5.4-.9.9-.9Zm13.2 0c.5 0 .9.4.9.9v3.7c0 .5-.4.9-.9.9h-3.7a.9.9 0 1 1 0-1.8h2.8v-2.8c0-.5.4-.9.9-.9Z',
  shrink:
    'M9.1 4.5c.5 0 .9.4.9.9v3.7c0 .5-.4.9-.9.9H5.4a.9.9 0 1 1 0-1.8h2.8V5.4c0-.5.4-.9.9-.9Zm5.8 0c.5 0 .9.4.9.9v2.8h2.8a.9.9 0 1 1 0 1.8h-3.7a.9.9 0 0 1-.9-.9V5.4c0-.5.4-.9.9-.9ZM5.4 14h3.7c.5 0 .9.4.9.9v3.7a.9.9 0 1 1-1.8 0v-2.8H5.4a.9.9 0 1 1 0-1.8Zm9.5 0h3.7a.9.9 0 1 1 0 1.8h-2.8v2.8a.9.9 0 1 1-1.8 0v-3.7c0-.5.4-.9.9-.9Z',
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * Makes an icon. It says nothing to a screen reader.
 *
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'path'));
  setIcon(svg, name);
  return svg;
}

/**
 * Turns an icon into another one.
 *
 * @param {SVGSVGElement} svg
 * @param {IconName} name
 */
export function setIcon(svg, name) {
  svg.firstElementChild?.setAttribute('d', PATHS[name]);
}
