/** What every widget is: a light-DOM element that builds once, listens, and draws when it is marked dirty. */

import { invalidate } from "../lib/draw.js";

export class Widget extends HTMLElement {
  connectedCallback() {
    this.ends = [];
    if (!this.isBuilt) this.build();
    this.isBuilt = true;
    this.listen();
    invalidate(this);
  }

  disconnectedCallback() {
    for (const end of this.ends) end();
  }

  /** Builds the nodes, once. */
  build() {}

  /** Subscribes to the stores. */
  listen() {}

  /** Puts what the stores hold into the nodes. */
  draw() {}

  /** Marks this widget dirty (or calls `listener`) whenever one of the topics is told. */
  watch(store, topics, listener = () => invalidate(this)) {
    for (const topic of [].concat(topics)) this.ends.push(store.on(topic, listener));
  }

  /** Marks this widget dirty every so often: for what changes with time alone. */
  every(ms, listener = () => invalidate(this)) {
    const timer = setInterval(listener, ms);
    this.ends.push(() => clearInterval(timer));
  }
}
