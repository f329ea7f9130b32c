/** The types of livews-player.js: what JSDoc cannot say about an element. No program loads this file. */

import { LivewsPlayerElement } from './element.js';

export { LivewsPlayerElement };

/** What the detail of the event `error` holds. After a fatal error nothing more happens until `src` is set or `load` is called. */
export interface PlayerError {
  message: string;
  fatal: boolean;
}

/** The events of the element: its own, and those of every element. */
export interface LivewsPlayerEventMap extends Omit<HTMLElementEventMap, 'error'> {
  statechange: Event;
  playchange: Event;
  qualitychange: Event;
  error: CustomEvent<PlayerError>;
}

declare module './element.js' {
  interface LivewsPlayerElement {
    addEventListener<K extends keyof LivewsPlayerEventMap>(
      type: K,
      listener: (this: LivewsPlayerElement, event: LivewsPlayerEventMap[K]) => void,
      options?: boolean | AddEventListenerOptions,
    ): void;
    addEventListener(
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ): void;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'livews-player': LivewsPlayerElement;
  }
}
