/** Small things that every part of the room uses: words, elements, times. */

import { say } from "/static/pocket/page.js";
import { at, made, shape } from "/static/shell/js/elements.js";

export { at, made, say, shape };

/** The market's local time as milliseconds since 1970, as if it were UTC: for arithmetic and drawing. */
export const millis = (iso) => Date.parse(`${iso.slice(0, 23)}Z`);

/** The same back as the stream understands it, "2026-08-21T10:15:00.250". */
export const isoOf = (ms) => new Date(ms).toISOString().slice(0, 23);

/** "10:15:00.250" of an ISO time; `places` of the second. */
export function clockOf(iso, places = 3) {
  const time = iso.slice(11);
  return places > 0 ? time.slice(0, 9 + places) : time.slice(0, 8);
}

/** Runs `action` in the next frame, once for many calls. */
export function framed(action) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      action();
    });
  };
}

/** Runs `action` at once, and for many calls at most every so many ms, after the last one for certain. */
export function paced(every, action) {
  let [ran, timer] = [-Infinity, 0];
  const run = () => {
    ran = performance.now();
    timer = 0;
    action();
  };
  return () => {
    if (timer) return;
    const wait = every - (performance.now() - ran);
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
}

/** Runs the latest of many calls, never two at a time: `run(make)` where `make()` gives the promise. */
export class Latest {
  constructor() {
    this.running = false;
    this.next = null;
  }

  async run(make) {
    this.next = make;
    if (this.running) return;
    this.running = true;
    try {
      while (this.next) {
        const now = this.next;
        this.next = null;
        await now();
      }
    } finally {
      this.running = false;
    }
  }
}

/** Shows one of a group of elements by id, hides the others. */
export function only(shown, ...ids) {
  for (const id of ids) at(id).hidden = id !== shown;
}

/** A word above the room that stays until it is closed or the moment is left; `tone` good | wait | bad. */
export function notice(tone, title, text = "") {
  const box = at("room-notice");
  const inside = made("div");
  inside.append(made("p", title));
  if (text) inside.append(made("p", text, { class: "remedy" }));
  const close = made("button", "×", { type: "button", class: "button plain little", "aria-label": say("close") });
  close.addEventListener("click", () => box.replaceChildren());
  const line = made("div", "", { class: `notice ${tone}`, role: tone === "bad" ? "alert" : "status" });
  line.append(inside, close);
  box.replaceChildren(line);
}
