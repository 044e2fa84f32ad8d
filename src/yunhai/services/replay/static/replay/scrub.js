/** The scrub bar: the hours from the first event to the last, with one's own orders, bookmarks and the span over them. */

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
      const ms = this.hours.moment(value);
      this.text(ms);
      this.latest.run(() => Promise.resolve(go(ms, value >= Number(this.bar.max))));
    });
    this.bar.addEventListener("change", () => {
      this.held = false;
    });
  }

  /** A time of day, with its date where there are several. */
  clock(ms) {
    const iso = isoOf(ms);
    return isoOf(this.hours.from).slice(0, 10) === isoOf(this.hours.to).slice(0, 10) ? clockOf(iso, 0) : `${iso.slice(5, 10)} ${clockOf(iso, 0)}`;
  }

  text(ms) {
    this.bar.setAttribute("aria-valuetext", this.clock(ms));
  }

  show({ hours, now, span, bookmarks, own, end }) {
    this.hours = hours;
    this.bar.min = "0";
    const step = Math.max(1, Math.round(hours.length / 10_000));
    this.bar.step = String(step);
    this.bar.max = String(Math.ceil(hours.length / step) * step); // a bar stands on whole steps only: the end must be one
    if (!this.held) {
      this.bar.value = end ? this.bar.max : String(hours.along(now));
      this.text(now);
    }
    at("scrub-from").textContent = this.clock(hours.from);
    at("scrub-to").textContent = this.clock(hours.to);
    const x = (ms) => ((WIDTH * hours.along(ms)) / hours.length).toFixed(1);
    const [first, last] = span;
    const drawn = [shape("rect", { class: "past", x: 0, y: 7, width: x(now), height: 4 })];
    for (const { at: gap } of hours.parts.slice(1)) drawn.push(shape("rect", { class: "silence", x: ((WIDTH * gap) / hours.length).toFixed(1), y: 4, width: 1, height: 10 }));
    if (first !== null && last !== null) drawn.push(shape("rect", { class: "span", x: x(first), y: 4, width: Math.max(1, x(last) - x(first)).toFixed(1), height: 10 }));
    for (const ms of [first, last]) if (ms !== null) drawn.push(shape("rect", { class: "edge", x: x(ms), y: 1, width: 2, height: 16 }));
    for (const ms of bookmarks) drawn.push(shape("rect", { class: "bookmark", x: x(ms), y: 0, width: 3, height: 6 }));
    for (const ms of own) drawn.push(shape("circle", { class: "own", cx: x(ms), cy: 15, r: 3 }));
    at("scrub-marks").replaceChildren(...drawn);
  }
}
