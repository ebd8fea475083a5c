/** Dark or light; the server remembers it by a cookie, so that a page is never served in the wrong one. */

import { element, setText } from "../lib/dom.js";
import { Widget } from "./widget.js";

const YEAR_SECONDS = 31_536_000;

class Theme extends Widget {
  build() {
    this.button = element("button", { class: "button button-plain", type: "button", onclick: () => this.flip() }, " ");
    this.append(this.button);
  }

  get theme() {
    return document.documentElement.dataset.theme;
  }

  flip() {
    document.documentElement.dataset.theme = this.theme === "dark" ? "light" : "dark";
    document.cookie = `theme=${this.theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
    dispatchEvent(new CustomEvent("parley-theme"));
    this.draw();
  }

  draw() {
    setText(this.button, this.theme === "dark" ? "☀ Light" : "☾ Dark");
  }
}

customElements.define("parley-theme", Theme);
