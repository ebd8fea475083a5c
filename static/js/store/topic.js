/** Who wants to know: listeners by topic. A listener marks itself dirty; it draws with the next frame. */
export class Topics {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
  }

  /** @param {string} topic @param {(detail: any) => void} listener @returns {() => void} ends it */
  on(topic, listener) {
    if (!this.listeners.has(topic)) this.listeners.set(topic, new Set());
    this.listeners.get(topic).add(listener);
    return () => this.listeners.get(topic).delete(listener);
  }

  tell(topic, detail) {
    for (const listener of this.listeners.get(topic) ?? []) listener(detail);
  }
}
