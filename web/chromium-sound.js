/*
 * Chromium takes sound in pieces of 20 to 43 ms, decoded ones, and twice as much where it goes to a device: with less
 * than some 100 ms of it ahead of the playhead it runs dry. Pictures need a third of that.
 */

/** How long after its picture sound is played there, in seconds. EBU R 37 allows 60 ms. */
const LAG = 0.06;
/** With this margin and more there is enough sound without that, in seconds. */
const ENOUGH = 0.2;
/** The least margin with sound that is played aloud, in seconds. */
const ALOUD = 0.06;

/**
 * Returns how long after its picture this browser is to play sound, in seconds, so that the picture may be that much
 * nearer to the live edge.
 *
 * @param {number} margin how much media is to lie ahead when it is least, in seconds
 */
export function soundLag(margin) {
  return isChromium() && margin < ENOUGH ? LAG : 0;
}

/** Returns how much media this browser needs ahead at the least while it plays sound aloud, in seconds. */
export function aloudNeed() {
  return isChromium() ? ALOUD : 0;
}

function isChromium() {
  const { userAgentData } = /** @type {{userAgentData?: {brands: {brand: string}[]}}} */ (globalThis.navigator ?? {});
  return userAgentData?.brands.some(({ brand }) => brand === 'Chromium') ?? false;
}
