/**
 * invalidate(view) -> one draw per animation frame. A hidden tab has no frames: it draws four times a second, so that
 * the server's window keeps moving.
 * @typedef {{draw(): void}} View
 */

const HIDDEN_FRAME_MS = 250;
/** @type {Set<View>} */
const dirty = new Set();
/** @type {Set<() => void>} */
const afterDraw = new Set();
let isScheduled = false;

/** @param {View} view */
export function invalidate(view) {
  dirty.add(view);
  schedule();
}

/** Runs `callback` once, after the next draw. */
export function onceDrawn(callback) {
  afterDraw.add(callback);
  schedule();
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  if (document.hidden) setTimeout(drawAll, HIDDEN_FRAME_MS);
  else requestAnimationFrame(drawAll);
}

function drawAll() {
  isScheduled = false;
  const views = [...dirty];
  const callbacks = [...afterDraw];
  dirty.clear();
  afterDraw.clear();
  for (const view of views) drawOne(view);
  for (const callback of callbacks) callback();
}

function drawOne(view) {
  try {
    view.draw();
  } catch (error) {
    reportError(error);
  }
}
