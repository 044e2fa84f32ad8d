/**
 * The keyboard: everything the room does. Keys are quiet while something is typed or a dialog is open, and can be switched off.
 *
 * On the scrub bar the keys are the room's too, so that an arrow is always one event.
 */

import { at, say } from "./parts.js";

const DIGITS = { 0: "0.1", 1: "1", 2: "2", 3: "5", 4: "10", 5: "20", 6: "50", 7: "100", 8: "500", 9: "1000" };
const KEPT = "yunhai.replay.keys";
const MINUTE_MS = 60_000;
const TYPED = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";

export class Keys {
  constructor(room) {
    this.room = room;
    this.on = localStorage.getItem(KEPT) !== "off";
    at("keys-on").checked = this.on;
    at("keys-on").addEventListener("change", () => {
      this.on = at("keys-on").checked;
      localStorage.setItem(KEPT, this.on ? "on" : "off");
    });
    at("keys").addEventListener("click", () => at("keys-dialog").showModal());
    document.addEventListener("keydown", (event) => this.pressed(event));
  }

  get actions() {
    const { room } = this;
    const { share } = room;
    return {
      " ": () => room.toggle(),
      k: () => room.toggle(),
      j: () => room.faster(-1),
      l: () => room.faster(1),
      "-": () => room.faster(-1),
      "+": () => room.faster(1),
      "=": () => room.faster(1), // where the plus sign wants Shift
      ArrowLeft: (event) => room.step(event.shiftKey ? -10 : -1),
      ArrowRight: (event) => room.step(event.shiftKey ? 10 : 1),
      PageUp: () => room.skip(-MINUTE_MS),
      PageDown: () => room.skip(MINUTE_MS),
      Home: () => room.seek({ position: 0 }),
      End: () => room.seek({ position: room.opened.end }),
      i: () => room.setSpan(0),
      o: () => room.setSpan(1),
      x: () => room.clearSpan(),
      g: () => share.go(),
      b: () => share.keep(),
      s: () => share.share(),
      n: () => this.next(1),
      p: () => this.next(-1),
      "?": () => at("keys-dialog").showModal(),
    };
  }

  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.(TYPED)) return;
    if (!this.on && event.key !== "?") return;
    if (event.key === " " && event.target.closest?.("button, a, summary, input[type=checkbox]")) return; // its own
    const digit = DIGITS[event.key];
    const action = digit ? () => this.room.setSpeed(digit) : this.actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || (!this.room.here && event.key !== "?")) return;
    event.preventDefault();
    action(event);
  }

  /** To the entry of one's next order, or of the one before. */
  next(way) {
    const { room } = this;
    const entries = [...room.mine.all.values()].sort((one, other) => one.position - other.position);
    const found = way > 0 ? entries.find((one) => one.position > room.here.position) : entries.reverse().find((one) => one.position < room.here.position);
    if (found) room.seek({ order: found.order });
    else room.say(say("no_more_own"));
  }
}
