/** Charts of the scores page: each figure with its interval, one trace a firm. */

import { Plot } from "../widgets/plot.js";

const WAIT_MS = 250;
const HORIZONS = ["mark_out_1s", "mark_out_10s", "mark_out_60s", "mark_out_300s"];
const CHARTS = {
  mark_outs: { names: HORIZONS, label: "Mark-outs", mode: "lines+markers" },
  rates: { names: ["response_rate", "hit_rate", "fade_rate", "last_look_reject_rate", "reject_rate", "trade_rate", "answer_rate"], label: "Rates" },
  spreads: { names: ["half_spread", "distance_to_mark", "traded_spread", "leakage"], label: "Spreads" },
  times: { names: ["response_time", "decision_time"], label: "Times" },
};
const scores = JSON.parse(document.getElementById("score-charts").textContent);

function words(name) {
  return name.replace(/^mark_out_/, "").replaceAll("_", " ");
}

/** Bars, or a line over the horizons, with what the interval adds on each side. */
function traceOf(score, { names, mode }) {
  const found = names.filter((name) => score.figures[name] && score.figures[name][0] !== null);
  const values = found.map((name) => score.figures[name]);
  const error = {
    type: "data",
    symmetric: false,
    array: values.map(([value, , high]) => (high === null ? 0 : high - value)),
    arrayminus: values.map(([value, low]) => (low === null ? 0 : value - low)),
    thickness: 1.2,
  };
  const shape = mode ? { type: "scatter", mode } : { type: "bar" };
  return { ...shape, name: `${score.name}, ${score.kind}`, x: found.map(words), y: values.map(([value]) => value), error_y: error };
}

function start(box) {
  const chart = CHARTS[box.dataset.chart];
  const plot = new Plot(chart.label);
  box.append(plot.node);
  const traces = scores.map((score) => traceOf(score, chart)).filter((trace) => trace.x.length > 0);
  const draw = () => plot.show(traces, { barmode: "group", xaxis: { type: "category" }, hovermode: "closest" }, "scores");
  const timer = setInterval(() => (plot.isDrawn ? clearInterval(timer) : draw()), WAIT_MS);
  draw();
  addEventListener("parley-theme", draw);
}

for (const box of document.querySelectorAll(".score-chart")) start(box);
