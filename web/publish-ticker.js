// A worker that ticks: the timers of a page whose tab is hidden go once a second, those of a worker do not suffer. It is
// sent the milliseconds between two ticks, or 0 for none.

let timer = 0;

globalThis.onmessage = (/** @type {MessageEvent<number>} */ { data }) => {
  clearInterval(timer);
  if (data > 0) timer = Number(setInterval(() => postMessage(0), data));
};
