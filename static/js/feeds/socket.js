/**
 * The one socket of this tab: hello, resume, facts without gaps, acknowledgement after the draw, reconnect with backoff.
 * What it receives it hands to the stores; it decides nothing.
 *
 * @typedef {"connecting" | "live" | "slow" | "stale" | "offline"} ConnectionState
 */

import { forgetServerTime, learnServerTime } from "../lib/clock.js";
import { onceDrawn } from "../lib/draw.js";
import { connection } from "../store/connection.js";

const BACKOFF_MS = [250, 500, 1000, 2000, 4000, 8000];
const PING_MS = 1000;
const SILENT_MS = 6000;
const CLOSE_SIGNED_OUT = [4401, 4403];
const NS_PER_MS = 1e6;

export class Socket {
  /** @param {string} path @param {Record<string, (message: object) => void>} handlers by message type */
  constructor(path, handlers) {
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.handlers = handlers;
    this.attempt = 0;
    this.sequence = 0;
    this.frameSeen = 0;
    this.isAcknowledging = false;
    this.keys = new Set();
    this.onReady = () => {};
    setInterval(() => this.tick(), PING_MS);
    addEventListener("online", () => this.open());
  }

  open() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    clearTimeout(this.timer);
    connection.set({ phase: "connecting" });
    this.socket = new WebSocket(this.url);
    this.heardAt = performance.now();
    this.frameSeen = 0;
    forgetServerTime();
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = (event) => this.closed(event);
  }

  get isOpen() {
    return this.isReady === true && this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends a message; false where there is nobody to send it to. */
  send(message) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Subscribes to market keys; they are asked for again after each reconnect. */
  subscribe(keys) {
    const fresh = keys.filter((key) => !this.keys.has(key));
    for (const key of fresh) this.keys.add(key);
    if (fresh.length) this.send({ type: "subscribe", keys: fresh });
  }

  unsubscribe(keys) {
    const known = keys.filter((key) => this.keys.delete(key));
    if (known.length) this.send({ type: "unsubscribe", keys: known });
  }

  receive(message) {
    this.heardAt = performance.now();
    if (message.type === "hello") this.welcome(message);
    else if (message.type === "pong") this.measure(message);
    else if (message.type === "snapshot") this.restart(message);
    else if (message.type === "fact") this.follow(message);
    else this.handlers[message.type]?.(message);
    if (message.frame !== undefined) this.acknowledgeSoon(message.frame);
  }

  welcome(hello) {
    this.isReady = true;
    this.attempt = 0;
    learnServerTime(hello.server_time_ns, performance.now() - this.heardAt + 20);
    connection.set({ phase: "open", isSignedOut: false });
    this.send({ type: "resume", sequence: this.sequence });
    if (this.keys.size) this.send({ type: "subscribe", keys: [...this.keys] });
    this.ping();
    this.onReady(hello);
  }

  restart(snapshot) {
    this.sequence = snapshot.sequence;
    this.handlers.snapshot(snapshot);
  }

  /** A fact already seen is dropped; a gap asks the server to resume where this tab stands. */
  follow(message) {
    if (message.sequence <= this.sequence) return;
    if (message.sequence !== this.sequence + 1) {
      this.send({ type: "resume", sequence: this.sequence });
      return;
    }
    this.sequence = message.sequence;
    this.handlers.fact(message);
  }

  acknowledgeSoon(frame) {
    this.frameSeen = Math.max(this.frameSeen, frame);
    if (this.isAcknowledging) return;
    this.isAcknowledging = true;
    onceDrawn(() => {
      this.isAcknowledging = false;
      if (this.frameSeen > 0) this.send({ type: "acknowledge", frame: this.frameSeen });
    });
  }

  tick() {
    if (!this.isOpen) return;
    if (performance.now() - this.heardAt > SILENT_MS) this.socket.close();
    else this.ping();
  }

  ping() {
    this.pingedAt = performance.now();
    this.send({ type: "ping", client_time_ns: Math.round(this.pingedAt * NS_PER_MS) });
  }

  measure(pong) {
    const roundTripMs = performance.now() - pong.client_time_ns / NS_PER_MS;
    learnServerTime(pong.server_time_ns, roundTripMs);
    connection.set({ latencyMs: roundTripMs });
  }

  closed(event) {
    this.isReady = false;
    const isSignedOut = CLOSE_SIGNED_OUT.includes(event.code);
    connection.set({ phase: "closed", isSignedOut, latencyMs: null });
    if (isSignedOut) return;
    const wait = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)];
    this.attempt += 1;
    this.timer = setTimeout(() => this.open(), wait * (0.75 + Math.random() / 2));
  }
}
