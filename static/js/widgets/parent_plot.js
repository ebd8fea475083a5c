/** What should be traded by when, and what was: the schedule as a line, the fills as steps. */

import { Plot, token } from "./plot.js";

const NANOSECONDS = 1e9;

export class SchedulePlot {
  constructor() {
    this.plot = new Plot("Schedule and fills");
    this.node = this.plot.node;
  }

  /** `fills`: of the newest children, or null before they are loaded. */
  draw(view, fills) {
    const traces = [];
    if (view.plan.length) traces.push(schedule(view));
    traces.push(traded(view, fills));
    const layout = { xaxis: { title: { text: "seconds since the start" } }, yaxis: { title: { text: "size" }, rangemode: "tozero" } };
    this.plot.show(traces, layout, String(view.parent_order_id));
  }
}

function schedule(view) {
  return {
    type: "scatter",
    mode: "lines",
    name: "schedule",
    x: [0, ...view.plan.map(([at]) => at / NANOSECONDS)],
    y: [0, ...view.plan.map(([, quantity]) => Number(quantity))],
    line: { color: token("--color-warning"), dash: "dot", width: 2 },
  };
}

/** Fills of children that are not shown any more are there from the start. */
function traded(view, fills) {
  const sum = (fills ?? []).reduce((before, fill) => before + Number(fill.quantity), 0);
  let total = fills ? Math.max(0, Number(view.filled_quantity) - sum) : 0;
  const [x, y] = [[0], [total]];
  for (const fill of fills ?? []) {
    total += Number(fill.quantity);
    x.push((fill.at_ns - view.started_at_ns) / NANOSECONDS);
    y.push(total);
  }
  const until = view.ended_at_ns || view.updated_at_ns;
  if (view.started_at_ns && until) {
    x.push((until - view.started_at_ns) / NANOSECONDS);
    y.push(total);
  }
  return { type: "scatter", mode: "lines", name: "traded", x, y, line: { color: token("--color-accent"), shape: "hv", width: 2 } };
}
