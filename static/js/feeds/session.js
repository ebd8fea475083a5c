/** Wires the socket to the stores: the one place where they meet. */

import { firm } from "../store/firm.js";
import { market } from "../store/market.js";
import { page } from "../store/page.js";
import { Commands } from "./commands.js";
import { Socket } from "./socket.js";

const SOCKET_PATH = "/ws/";
const SUBSCRIBE_CHUNK = 500;

export const socket = new Socket(SOCKET_PATH, {
  market: (message) => takeFrames(message.frames),
  snapshot: (message) => firm.replace(message.state),
  fact: (message) => firm.apply(message),
  command_accepted: (message) => commands.answered(message),
  command_refused: (message) => commands.answered(message) || firm.tell("refused", message),
});

export const commands = new Commands(socket);

socket.onReady = () => commands.resendAll();

/** Loads the instruments and opens the socket. */
export async function start() {
  socket.open();
  await page.loadInstruments();
}

/** Market frames go to the market, risk frames to the firm's own state. */
function takeFrames(frames) {
  const prices = [];
  for (const frame of frames) {
    if (frame.type === "risk") firm.takeRisk(frame);
    else prices.push(frame);
  }
  if (prices.length) market.take(prices);
}

/** @type {Map<object, Set<string>>} */
const held = new Map();

/** All that `owner` looks at now; what nobody holds any more is not subscribed to. */
export function hold(owner, keys) {
  const before = held.get(owner) ?? [];
  held.set(owner, new Set(keys));
  const isHeld = (key) => [...held.values()].some((each) => each.has(key));
  socket.subscribe(keys);
  socket.unsubscribe([...before].filter((key) => !isHeld(key)));
}

/** Subscribes in pieces that the server's message limit allows. */
export function subscribe(keys) {
  for (let i = 0; i < keys.length; i += SUBSCRIBE_CHUNK) socket.subscribe(keys.slice(i, i + SUBSCRIBE_CHUNK));
}
