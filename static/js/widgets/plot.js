/**
 * A plotly picture that keeps its zoom under live updates (`uirevision`) and takes its colors from the tokens.
 * The strict policy holds: no mode bar, styles in the one nonced element.
 */

import { element } from "../lib/dom.js";
import { page } from "../store/page.js";

const OPTIONS = { displayModeBar: false, doubleClick: "reset" };
const REDRAW_MS = 250;

export class Plot {
  constructor(label) {
    this.holder = element("div", { class: "chart-plot", role: "img", "aria-label": label });
    this.facts = element("div", { class: "chart-facts" });
    this.plotBox = element("div", { class: "chart" }, this.holder);
    this.node = element("div", { class: "panel chart-panel" }, this.plotBox, this.facts);
    this.drawnAt = -REDRAW_MS;
    this.isDrawn = false;
    new ResizeObserver(() => this.isDrawn && this.holder.clientHeight && Plotly.Plots.resize(this.holder)).observe(this.plotBox);
  }

  /** @param {object[]} traces @param {object} layout @param {string} revision zoom is kept while it stays the same */
  show(traces, layout, revision) {
    if (typeof Plotly === "undefined") {
      loadLibrary();
      return;
    }
    if (performance.now() - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = performance.now();
    this.isDrawn = true;
    Plotly.react(this.holder, traces, themed(layout, revision), OPTIONS);
  }
}

let isLoading = false;

/** Pictures come last: their library is asked for when the page is idle or the first one is shown, and again if it fails. */
export function loadLibrary() {
  if (isLoading) return;
  isLoading = true;
  const script = element("script", { src: page.config.plotlyUrl });
  script.addEventListener("error", () => {
    script.remove();
    isLoading = false;
  });
  document.head.append(script);
}

/** The value of a token. */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function themed(layout, revision) {
  const axis = { gridcolor: token("--color-line"), zerolinecolor: token("--color-line-strong"), linecolor: token("--color-line-strong"), automargin: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: token("--font-text").replaceAll('"', "'"), size: 11, color: token("--color-muted") },
    margin: { l: 52, r: 14, t: 8, b: 30 },
    showlegend: true,
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { size: 10 }, bgcolor: "rgba(0,0,0,0)" },
    hovermode: "x unified",
    hoverlabel: { bgcolor: token("--color-raised"), bordercolor: token("--color-line-strong"), font: { color: token("--color-text"), size: 11 } },
    uirevision: revision,
    ...layout,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
  };
}
