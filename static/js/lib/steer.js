/** Buttons that steer the pairs. What puts risk on, or sends orders, takes a second click within a few seconds. */

import { element, setAttribute, setText } from "./dom.js";

const SECOND_CLICK_MS = 5000;

/** @param {{title: string, isRisky: boolean, run: () => void}} action */
export function steerButton({ title, isRisky, run }) {
  const button = element("button", { class: "button button-small", type: "button" }, title);
  let timer = null;
  const disarm = () => {
    clearTimeout(timer);
    timer = null;
    setText(button, title);
    setAttribute(button, "data-armed", null);
  };
  button.addEventListener("click", () => {
    if (isRisky && timer === null) {
      setText(button, `Confirm: ${title.toLowerCase()}`);
      setAttribute(button, "data-armed", "true");
      timer = setTimeout(disarm, SECOND_CLICK_MS);
      return;
    }
    disarm();
    run();
  });
  return button;
}
