/**
 * The live line to the stream process: one WebSocket per page, any number of subscribers.
 *
 * After `auth` each channel is subscribed once; a `snapshot` comes first and then `update`s with a `sequence`. A gap in the
 * sequence means something was missed: the channel is subscribed again. A lost connection is made again with growing, jittered
 * pauses, and every channel with it. State is told on `document` as `yunhai:link` with detail live | connecting | reconnecting |
 * offline, so that no part of a page shows old numbers as if they were new.
 */

import { token } from "./token.js";

const PAUSE_MS = [300, 700, 1500, 3000, 6000, 10_000];
const OFFLINE_AFTER = 3;
const RENEW_MS = 200_000;
const CHECK_MS = 5000;
const QUIET_MS = 20_000;
const ANSWER_MS = 10_000;

const channels = new Map(); // key -> { request, listeners }
const counts = new Map(); // channel and account -> the last sequence seen on this connection
let heard = 0;
let socket = null;
let ready = false;
let tries = 0;
let timer = 0;
let renew = 0;
let state = "connecting";

function tell(next) {
  if (next === state) return;
  state = next;
  document.dispatchEvent(new CustomEvent("yunhai:link", { detail: next }));
}

export function linkState() {
  return state;
}

function keyOf(request) {
  return [request.channel, request.account ?? "", (request.codes ?? []).join(",")].join("|");
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/**
 * Subscribes: `listen({ channel: "quotes", codes: ["2330"] }, (message) => …)`; the message has `op` snapshot | update and `data`.
 * Returns a function that ends it.
 */
export function listen(request, listener) {
  const key = keyOf(request);
  let channel = channels.get(key);
  if (!channel) {
    channel = { request, listeners: new Set() };
    channels.set(key, channel);
  }
  if (ready) send({ op: "subscribe", ...request }); // again for another listener: it needs a snapshot of its own
  channel.listeners.add(listener);
  connect();
  return () => {
    channel.listeners.delete(listener);
    if (channel.listeners.size === 0) {
      channels.delete(key);
      if (ready) send({ op: "unsubscribe", ...request });
    }
  };
}

function received(message) {
  if (message.op === "authenticated") {
    if (ready) return; // a renewed token
    ready = true;
    tries = 0;
    counts.clear();
    for (const channel of channels.values()) send({ op: "subscribe", ...channel.request });
    tell("live");
    return;
  }
  if (message.op !== "snapshot" && message.op !== "update") return;
  const mine = [...channels.values()].filter(
    ({ request }) => request.channel === message.channel && (request.account ?? message.account) === message.account,
  );
  const place = `${message.channel}|${message.account ?? ""}`;
  const missed = counts.has(place) && message.sequence !== counts.get(place) + 1;
  counts.set(place, message.sequence);
  if (missed && message.op === "update") for (const { request } of mine) send({ op: "subscribe", ...request });
  for (const { listeners } of mine) for (const listener of listeners) listener(message);
}

async function connect() {
  if (socket || timer) return;
  const mark = {}; // stands for the socket until there is one
  socket = mark;
  let claims;
  try {
    claims = await token();
  } catch {
    if (socket === mark) lost();
    return;
  }
  if (socket !== mark) return;
  const address = new URL("/stream/v1", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(address);
  socket = mine;
  mine.addEventListener("open", () => mine.send(JSON.stringify({ op: "auth", token: claims.text })));
  mine.addEventListener("message", (event) => {
    heard = performance.now();
    received(JSON.parse(event.data));
  });
  mine.addEventListener("close", () => socket === mine && lost());
  clearInterval(renew);
  renew = setInterval(async () => {
    try {
      send({ op: "auth", token: (await token({ fresh: true })).text });
    } catch {
      /* the socket will be closed by the other side, and made again */
    }
  }, RENEW_MS);
}

/** The connection is gone, or as good as: what still comes over it is not wanted. */
function lost() {
  const dead = socket;
  socket = null;
  ready = false;
  if (dead instanceof WebSocket) dead.close();
  again();
}

/** A line can be dead without anybody having said so: after a silence something is asked, and no answer is the end of it. */
function listenIn() {
  const silence = performance.now() - heard;
  if (!ready || silence < QUIET_MS) return;
  const first = channels.values().next().value;
  if (silence > QUIET_MS + ANSWER_MS) lost();
  else if (first) send({ op: "subscribe", ...first.request });
}

setInterval(listenIn, CHECK_MS);

function again() {
  tries += 1;
  clearTimeout(timer);
  tell(!navigator.onLine || tries > OFFLINE_AFTER ? "offline" : "reconnecting");
  const pause = PAUSE_MS[Math.min(tries, PAUSE_MS.length) - 1];
  timer = setTimeout(() => {
    timer = 0;
    if (channels.size > 0) connect();
  }, pause * (0.7 + 0.6 * Math.random()));
}

window.addEventListener("online", () => {
  if (timer) {
    clearTimeout(timer);
    timer = 0;
  }
  tries = 0;
  if (channels.size > 0) connect();
});
window.addEventListener("offline", () => {
  if (socket) lost();
  tell("offline");
});
