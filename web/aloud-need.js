/**
 * How much Chromium wants to lie ahead while it plays sound aloud, in seconds: with less it runs dry, having that much.
 */
const CHROMIUM = 0.12;

/** Returns how much this browser wants to lie ahead while it plays sound aloud, in seconds. */
export function aloudNeed() {
  const { userAgentData } = /** @type {{userAgentData?: {brands: {brand: string}[]}}} */ (globalThis.navigator ?? {});
  return userAgentData?.brands.some(({ brand }) => brand === 'Chromium') ? CHROMIUM : 0;
}
