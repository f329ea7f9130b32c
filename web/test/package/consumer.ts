// A program of somebody else, which has nothing but the package. It is compiled, not run: what the types allow has to
// compile, and what they forbid must not.

import { Player, type Quality, type Stats, type Status } from 'livews-player';
import { LivewsPlayerElement } from 'livews-player/element';
import { Publisher, PublishError, capture } from 'livews-player/publish';

const video: HTMLVideoElement = document.createElement('video');
const player = new Player(video);
player.latency = 'low';
player.load(['wss://a.example/live/cam1', 'wss://b.example/live/cam1']);
player.addEventListener('statechange', () => show(player.status, player.stats));
player.muted = true;
player.goLive();
player.close();

function show(status: Status, stats: Stats): string {
  if (status.state === 'behind') return `${status.behind ?? 0} s`;
  const codecs: string[] = stats.tracks.map((track) => track.codec);
  return `${stats.latencyMs?.toFixed(0) ?? '?'} ms, ${codecs.join(', ')}`;
}

const names = (qualities: Quality[]): string[] => qualities.map((quality) => `${quality.id}: ${quality.label}`);

const element = document.createElement('livews-player');
element.src = 'wss://example.com/live/cam1';
element.controls = true;
element.addEventListener('error', (event) => console.log(event.detail.message.length, event.detail.fatal === true));
element.addEventListener('keydown', (event) => console.log(event.key));
element.addEventListener('qualitychange', () => names(element.qualities));
element.addEventListener('anything', () => {});
const same: LivewsPlayerElement | null = document.querySelector('livews-player');
console.log(same?.state, same?.status.note, same?.stats.bufferMs, same instanceof LivewsPlayerElement);

const publisher = new Publisher({ url: 'wss://example.com/publish/cam1', video: { width: 1280, height: 720 } });
publisher.start();
capture(false, {}).catch((err: unknown) => err instanceof PublishError && err.reason);

// @ts-expect-error there is no such state
console.log(player.status.state === 'playing');
// @ts-expect-error a number is no latency
player.latency = 200;
// @ts-expect-error what is private stays so
console.log(player.engine);
// @ts-expect-error paused is read only
element.paused = true;
// @ts-expect-error the detail has no code
element.addEventListener('error', (event) => event.detail.code);
// @ts-expect-error a publisher needs an address
new Publisher({});
