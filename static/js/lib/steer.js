/** Buttons that steer the pairs. What puts risk on, or sends orders, takes two clicks. */

import { element, setAttribute, setText } from "./dom.js";
import { TwoClicks } from "./two_clicks.js";

const LOOK_MS = 500;

/** @param {{title: string, isRisky: boolean, run: () => void}} action */
export function steerButton({ title, isRisky, run }) {
  const button = element("button", { class: "button button-small", type: "button" }, title);
  const clicks = new TwoClicks();
  let timer = null;
  const draw = () => {
    setText(button, clicks.isArmed ? `Confirm: ${title.toLowerCase()}` : title);
    setAttribute(button, "data-armed", clicks.isArmed ? "true" : null);
    clearTimeout(timer);
    timer = clicks.isArmed ? setTimeout(draw, LOOK_MS) : null;
  };
  button.addEventListener("click", (click) => {
    if (!isRisky || clicks.press(click)) run();
    draw();
  });
  return button;
}
