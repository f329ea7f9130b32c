/**
 * Full screen and picture in picture, each browser in its own way.
 *
 * @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void, webkitSupportsPresentationMode?: (mode: string) => boolean,
 *   webkitSetPresentationMode?: (mode: string) => void, webkitPresentationMode?: string}} WebKitVideo
 */

/**
 * Goes to full screen with an element, or comes back from it. An iPhone has it for a video only.
 *
 * @param {HTMLElement} element
 * @param {WebKitVideo} video
 */
export async function toggleFullscreen(element, video) {
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (element.requestFullscreen) await element.requestFullscreen();
  else video.webkitEnterFullscreen?.();
}

/**
 * Reports whether there is full screen.
 *
 * @param {WebKitVideo} video
 * @returns {boolean}
 */
export function hasFullscreen(video) {
  return document.fullscreenEnabled || 'webkitEnterFullscreen' in video;
}

/**
 * Puts a video in a window of its own, or takes it back.
 *
 * @param {WebKitVideo} video
 */
export async function togglePictureInPicture(video) {
  if (!document.pictureInPictureEnabled) {
    const inline = video.webkitPresentationMode === 'picture-in-picture';
    video.webkitSetPresentationMode?.(inline ? 'inline' : 'picture-in-picture');
  } else if (document.pictureInPictureElement) {
    await document.exitPictureInPicture();
  } else {
    await video.requestPictureInPicture();
  }
}

/**
 * Reports whether there is picture in picture for a page to use.
 *
 * @param {WebKitVideo} video
 * @returns {boolean}
 */
export function hasPictureInPicture(video) {
  return document.pictureInPictureEnabled || (video.webkitSupportsPresentationMode?.('picture-in-picture') ?? false);
}

/**
 * Reports whether a video is in a small window of its own; of one in a shadow root only that root says so.
 *
 * @param {HTMLVideoElement} video
 * @returns {boolean}
 */
export function isInPicture(video) {
  const root = /** @type {Partial<Document | ShadowRoot> | undefined} */ (video.getRootNode?.());
  return (root?.pictureInPictureElement ?? null) === video;
}
