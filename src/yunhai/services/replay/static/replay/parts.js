/** Small things that every part of the room uses: words, elements, times. */

import { page } from "/static/pocket/page.js";

export const at = (id) => document.getElementById(id);

/** A word of the room with its `{places}` filled. */
export const say = (key, places = {}) => (page.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(places[name] ?? whole));

export function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

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
