/** The market clock and the connection's light in the bar, from the stream's market channel. */

import { linkState, listen } from "./stream.js";
import { word } from "./words.js";

let base = null; // { market: ms of the market's day, at: performance.now() }

function part(name) {
  return document.querySelector(`[data-clock="${name}"]`);
}

function shown(ms) {
  return new Date(ms).toISOString().slice(11, 19); // the market's own wall time, carried as if it were UTC
}

function tick() {
  if (!base) return;
  const time = part("time");
  const now = linkState() === "live" && base.running ? base.market + (performance.now() - base.at) * base.speed : base.market;
  if (time) time.textContent = shown(now);
}

/** Takes what the market channel says: date, market_time, mode, phase. */
function market({ data }) {
  const text = data.market_time ?? "";
  const local = text.length > 11 ? text.slice(0, 19) : `${data.date}T${text}`;
  const ms = Date.parse(`${local}Z`);
  if (!Number.isNaN(ms)) base = { market: ms, at: performance.now(), speed: data.speed ?? 1, running: data.running ?? true };
  const date = part("date");
  if (date && data.date) date.textContent = data.date;
  const mode = part("mode");
  if (mode && data.mode) {
    mode.dataset.mode = data.mode;
    mode.textContent = word(`mode.${data.mode}`);
  }
  document.dispatchEvent(new CustomEvent("yunhai:market", { detail: data }));
  tick();
}

function light(state) {
  const element = document.getElementById("link-state");
  if (!element) return;
  element.dataset.state = state;
  const text = element.querySelector("[data-link-word]");
  if (text) text.textContent = word(`link.${state}`);
  element.title = word(`link.${state}`);
  const lost = state === "offline";
  const banner = document.getElementById("disconnected");
  if (banner) banner.hidden = !lost;
  for (const other of document.querySelectorAll('[data-when="offline"]')) other.hidden = !lost;
  for (const other of document.querySelectorAll("[data-live]")) other.classList.toggle("stale", state !== "live" && state !== "connecting");
}

export function startClock() {
  if (!document.getElementById("clock")) return;
  document.addEventListener("yunhai:link", (event) => light(event.detail));
  listen({ channel: "market" }, market);
  setInterval(tick, 500);
}
