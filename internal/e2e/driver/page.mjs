// What the driver runs in the page. Each function stands alone: its text is all that gets there.

/** Runs in the page. All figures of one sample are taken in one task. */
export function readPlayer() {
  const player = document.querySelector('livews-player');
  const video = player ? player.video : document.querySelector('video');
  const page = { now: performance.now(), state: player?.state ?? '', stats: player?.stats ?? null };
  if (!video) return page;
  const quality = video.getVideoPlaybackQuality();
  const buffered = [];
  for (let i = 0; i < video.buffered.length; i++) buffered.push([video.buffered.start(i), video.buffered.end(i)]);
  return {
    ...page,
    currentTime: video.currentTime,
    paused: video.paused,
    muted: video.muted,
    readyState: video.readyState,
    playbackRate: video.playbackRate,
    width: video.videoWidth,
    height: video.videoHeight,
    frames: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    audio: video.mozHasAudio ?? (video.webkitAudioDecodedByteCount ?? 0) > 0,
    mediaError: video.error ? `${video.error.code} ${video.error.message}` : '',
    buffered,
  };
}

/** Runs in the page. */
export function readPicture() {
  const video = document.querySelector('livews-player')?.surface ?? document.querySelector('video');
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const grey = [];
  for (let i = 0; i < rgba.length; i += 4) grey.push(Math.round((rgba[i] + rgba[i + 1] + rgba[i + 2]) / 3));
  return grey;
}

/** Runs in the page, where axe-core is by then: what a viewer who cannot see or point would stumble over. */
export async function auditPage() {
  const { violations } = await globalThis.axe.run(document, { preload: false, iframes: false, resultTypes: ['violations'] });
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join('; ')}`);
}

/** Runs in the page before its own scripts: not every browser logs what a Content-Security-Policy forbids. */
export function reportViolations() {
  addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI}`));
}
