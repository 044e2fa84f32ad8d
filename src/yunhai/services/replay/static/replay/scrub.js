/** The scrub bar: the day from its first event to its last, with one's own orders, bookmarks and the span over it. */

import { Latest, at, clockOf, isoOf, shape } from "./parts.js";

const WIDTH = 1000;

export class Scrub {
  /** `go(ms, end)` goes to a moment, or to the very end; it may take its time, only the latest counts. */
  constructor(go) {
    this.bar = at("scrub");
    this.held = false;
    this.latest = new Latest();
    this.bar.addEventListener("input", () => {
      this.held = true;
      const value = Number(this.bar.value);
      this.text(value);
      this.latest.run(() => Promise.resolve(go(value, value >= Number(this.bar.max))));
    });
    this.bar.addEventListener("change", () => {
      this.held = false;
    });
  }

  text(ms) {
    this.bar.setAttribute("aria-valuetext", clockOf(isoOf(ms), 0));
  }

  show({ times: [from, to], now, span, bookmarks, own, end }) {
    this.bar.min = String(from);
    this.bar.max = String(to);
    this.bar.step = String(Math.max(1, Math.round((to - from) / 10_000)));
    if (!this.held) {
      this.bar.value = String(end ? to : now);
      this.text(now);
    }
    at("scrub-from").textContent = clockOf(isoOf(from), 0);
    at("scrub-to").textContent = clockOf(isoOf(to), 0);
    const x = (ms) => ((WIDTH * (Math.min(Math.max(ms, from), to) - from)) / Math.max(1, to - from)).toFixed(1);
    const [first, last] = span;
    const drawn = [shape("rect", { class: "past", x: 0, y: 7, width: x(now), height: 4 })];
    if (first !== null && last !== null) drawn.push(shape("rect", { class: "span", x: x(first), y: 4, width: Math.max(1, x(last) - x(first)).toFixed(1), height: 10 }));
    for (const ms of [first, last]) if (ms !== null) drawn.push(shape("rect", { class: "edge", x: x(ms), y: 1, width: 2, height: 16 }));
    for (const ms of bookmarks) drawn.push(shape("rect", { class: "bookmark", x: x(ms), y: 0, width: 3, height: 6 }));
    for (const ms of own) drawn.push(shape("circle", { class: "own", cx: x(ms), cy: 15, r: 3 }));
    at("scrub-marks").replaceChildren(...drawn);
  }
}
