/**
 * Commands on their way. Each has an id made here and is sent again, with that id, after a reconnect and while nobody
 * answers: the server does it once. Unanswered for three seconds it is unknown, and the screen says so.
 *
 * @typedef {{message: object, state: "sent" | "unknown", sentAt: number, resolve: (answer: object) => void,
 *   listeners: Set<(state: string) => void>}} Pending
 */

const UNKNOWN_AFTER_MS = 3000;
const CHECK_MS = 250;
const RESEND_MS = 3000;
const PENDING_MAX = 200;

let counter = 0;
const tab = crypto.randomUUID().slice(0, 18);

/** An id that no other command has. */
export function newCommandId() {
  counter += 1;
  return `w-${tab}-${counter}`;
}

export class Commands {
  /** @param {{send(message: object): boolean}} socket */
  constructor(socket) {
    this.socket = socket;
    /** @type {Map<string, Pending>} */
    this.pending = new Map();
    setInterval(() => this.check(), CHECK_MS);
  }

  /**
   * Sends a command. Resolves with the server's answer (`command_accepted` or `command_refused`), whenever it comes.
   * @param {object} message with `type`; a `command_id` is added where it has none
   * @param {(state: string) => void} [onState] told "unknown" and "sent"
   * @returns {Promise<object>}
   */
  send(message, onState = () => {}) {
    const command = { command_id: newCommandId(), ...message };
    const known = this.pending.get(command.command_id);
    if (known) return known.promise;
    if (this.pending.size >= PENDING_MAX) return Promise.resolve(refusedHere(command, "too_many_pending"));
    return this.track(command, onState);
  }

  track(command, onState) {
    const entry = { message: command, state: "sent", firstAt: performance.now(), sentAt: performance.now(), onState };
    entry.promise = new Promise((resolve) => (entry.resolve = resolve));
    this.pending.set(command.command_id, entry);
    this.socket.send(command);
    return entry.promise;
  }

  /** The answer to a command, from the socket. */
  answered(answer) {
    const entry = this.pending.get(answer.command_id);
    if (!entry) return false;
    this.pending.delete(answer.command_id);
    entry.resolve(answer);
    return true;
  }

  /** After a reconnect: everything without an answer goes out again, with its old id. */
  resendAll() {
    for (const entry of this.pending.values()) this.resend(entry);
  }

  resend(entry) {
    entry.sentAt = performance.now();
    this.socket.send(entry.message);
  }

  check() {
    const now = performance.now();
    for (const entry of this.pending.values()) {
      if (entry.state === "sent" && now - entry.firstAt > UNKNOWN_AFTER_MS) {
        entry.state = "unknown";
        entry.onState("unknown");
      }
      if (now - entry.sentAt > RESEND_MS) this.resend(entry);
    }
  }
}

function refusedHere(command, reason) {
  return {
    type: "command_refused",
    command_id: command.command_id,
    reason,
    message: "Too many commands wait for an answer.",
    value: String(PENDING_MAX + 1),
    bound: String(PENDING_MAX),
  };
}
