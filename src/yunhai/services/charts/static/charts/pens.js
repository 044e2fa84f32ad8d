/**
 * Drawing: the pens of the toolbar, the list of one's lines, the dialog by numbers; every line is kept on the server at once.
 * A line that is there is taken by an end, or between its ends as a whole, and put elsewhere; the last changes can be undone.
 */

import { calls } from "/static/shell/js/calls.js";
import { price, units } from "/static/shell/js/format.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { Lines } from "./lines.js";
import { dayText } from "./stage.js";

const call = calls("/charts");
const POINTS = { trend: 2, horizontal: 1, alert: 1 };
const DRAG_PX = 5;
const UNDONE = 20;

export class Pens {
  constructor(stage, code, words, say) {
    Object.assign(this, { stage, code, words, say });
    this.lines = new Lines(stage);
    stage.candles.attachPrimitive(this.lines);
    this.pen = null;
    this.points = [];
    this.changes = [];
    this.again = new Map();
    this.taken = null;
    this.alert = () => {}; // who sets an alert at a price
    this.list = document.getElementById("lines");
    this.undoing = document.getElementById("undo-line");
    this.undoing.addEventListener("click", () => this.undo());
    for (const button of document.querySelectorAll("[data-pen]")) button.addEventListener("click", () => this.take(this.pen === button.dataset.pen ? null : button.dataset.pen));
    let from = null;
    stage.box.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      this.grab(event);
    });
    stage.box.addEventListener("touchstart", (event) => this.taken && event.cancelable && event.preventDefault(), { passive: false, capture: true });
    window.addEventListener("pointermove", (event) => this.drag(event));
    window.addEventListener("pointerup", () => this.drop());
    window.addEventListener("pointercancel", () => this.letGo());
    stage.box.addEventListener("click", (event) => {
      const moved = from ? Math.hypot(event.clientX - from[0], event.clientY - from[1]) : 0;
      if (moved < DRAG_PX) this.clicked(event); // else the chart was moved
    });
    stage.chart.subscribeCrosshairMove((param) => this.hover(param));
    this.byNumbers();
    this.draw();
  }

  async load() {
    this.lines.set(await call("GET", `/${this.code}/drawings`));
    this.draw();
  }

  /** Takes a pen up; null puts it down. */
  take(pen) {
    this.pen = pen;
    this.points = [];
    this.lines.draft = null;
    this.lines.request();
    for (const button of document.querySelectorAll("[data-pen]")) button.setAttribute("aria-pressed", String(button.dataset.pen === pen));
    this.stage.box.classList.toggle("drawing", pen !== null);
    if (pen) this.say(this.words[pen === "trend" ? "first_point" : "one_point"]);
  }

  // --- moving a line ---------------------------------------------------------------------------------------------------

  placeOf(event) {
    const place = this.stage.box.getBoundingClientRect();
    return [event.clientX - place.left, event.clientY - place.top];
  }

  inside(x, y) {
    const { chart, data } = this.stage;
    return Boolean(data) && x <= chart.timeScale().width() && y <= chart.panes()[0].getHeight();
  }

  /** Takes the line under the pointer; the chart stands still meanwhile. */
  grab(event) {
    if (this.pen || event.button !== 0 || !event.isPrimary) return;
    const [x, y] = this.placeOf(event);
    const found = this.inside(x, y) ? this.lines.grip(x, y) : null;
    if (!found) return;
    this.taken = { ...found, x, y, before: found.line, moved: false };
    this.stage.hold(true);
  }

  drag(event) {
    const { taken, stage } = this;
    if (!taken) return;
    const [x, y] = this.placeOf(event);
    if (!taken.moved && Math.hypot(x - taken.x, y - taken.y) < DRAG_PX) return;
    taken.moved = true;
    const scale = stage.chart.timeScale();
    const bars = scale.coordinateToLogical(x) - scale.coordinateToLogical(taken.x);
    const rise = stage.candles.coordinateToPrice(y) - stage.candles.coordinateToPrice(taken.y);
    const points = taken.before.points.map((point, place) => {
      if (taken.end !== null && taken.end !== place) return point;
      const time = taken.before.kind === "horizontal" ? point.time : stage.timeOf(stage.logicalOf(point.time) + bars);
      const cents = Math.round((Number(point.price) + rise) * 100);
      return cents > 0 ? { time, price: (cents / 100).toFixed(2) } : null;
    });
    if (points.includes(null) || (points[1] && points[0].time === points[1].time)) return;
    this.replace(taken.before.drawing, { ...taken.before, points });
    this.lines.selected = taken.before.drawing;
    this.lines.request();
  }

  replace(drawing, line) {
    this.lines.set(this.lines.all.map((one) => (one.drawing === drawing ? line : one)));
  }

  /** The line lies where it was taken to, once the server has it. */
  async drop() {
    const { taken } = this;
    if (!taken) return;
    this.taken = null;
    this.stage.hold(false);
    const now = this.lines.all.find((one) => one.drawing === taken.before.drawing);
    if (!taken.moved || !now) return;
    try {
      await this.move(now);
      this.note(() => this.move({ ...taken.before, drawing: this.idOf(taken.before.drawing) }));
      this.say(this.words.moved);
    } catch (error) {
      this.replace(taken.before.drawing, taken.before);
      toast("bad", told(error));
    }
  }

  async move(line) {
    const points = [...line.points].sort((one, other) => one.time - other.time);
    this.replace(line.drawing, await call("PUT", `/drawings/${line.drawing}`, { points }));
    this.draw();
  }

  /** Puts a line that is held back. */
  letGo() {
    const { taken } = this;
    if (!taken) return;
    this.taken = null;
    this.stage.hold(false);
    this.replace(taken.before.drawing, taken.before);
  }

  // --- undoing ---------------------------------------------------------------------------------------------------------

  /** The id of a line now: one that was deleted and brought back has another. */
  idOf(drawing) {
    return this.again.has(drawing) ? this.idOf(this.again.get(drawing)) : drawing;
  }

  note(back) {
    this.changes = [...this.changes, back].slice(-UNDONE);
    this.undoing.disabled = false;
  }

  /** Takes the last change back. */
  async undo() {
    const back = this.changes.pop();
    this.undoing.disabled = this.changes.length === 0;
    if (!back) return;
    try {
      await back();
      this.say(this.words.undone);
    } catch (error) {
      toast("bad", told(error));
    }
  }

  // --- drawing ---------------------------------------------------------------------------------------------------------

  pointAt(logical, value) {
    const hundredths = Math.round(value * 100);
    return hundredths > 0 ? { time: this.stage.timeOf(logical), price: (hundredths / 100).toFixed(2) } : null;
  }

  /** A click on the prices. Not the library's own: of two quick ones it tells the first only. */
  clicked(event) {
    const { chart, candles } = this.stage;
    const [x, y] = this.placeOf(event);
    if (!this.inside(x, y)) return;
    if (!this.pen) {
      this.choose(this.lines.at(x, y)?.drawing ?? null);
      return;
    }
    const logical = chart.timeScale().coordinateToLogical(x);
    const value = candles.coordinateToPrice(y);
    if (logical !== null && value !== null) this.put(this.pointAt(logical, value));
  }

  /** Enter at the crosshair: that bar's close. */
  putHere() {
    const { data, at } = this.stage;
    if (this.pen && data) this.put(this.pointAt(at, data.close[at] / data.scale));
  }

  hover({ point, logical }) {
    if (!this.pen || this.points.length === 0 || !point || logical === undefined) return;
    const value = this.stage.candles.coordinateToPrice(point.y);
    const here = value === null ? null : this.pointAt(logical, value);
    if (!here) return;
    this.lines.draft = { kind: this.pen, points: [...this.points, here] };
    this.lines.request();
  }

  put(point) {
    if (!point || (this.points[0] && this.points[0].time === point.time)) return;
    this.points.push(point);
    if (this.points.length < POINTS[this.pen]) {
      this.say(this.words.second_point);
      return;
    }
    const made = { kind: this.pen, points: this.points };
    this.take(null);
    if (made.kind === "alert") {
      this.alert(point.price);
      return;
    }
    this.keep(made).catch((error) => toast("bad", told(error)));
  }

  async keep(made, { noted = true } = {}) {
    const line = await call("POST", `/${this.code}/drawings`, made);
    this.lines.set([...this.lines.all, line]);
    if (noted) this.note(() => this.gone(this.idOf(line.drawing)));
    this.say(this.words.drawn);
    this.draw();
    return line;
  }

  choose(drawing) {
    this.lines.selected = drawing;
    this.lines.request();
    for (const item of this.list.children) item.classList.toggle("chosen", drawing !== null && item.dataset.drawing === String(drawing));
  }

  async erase(drawing) {
    const line = this.lines.all.find((one) => one.drawing === drawing);
    try {
      await this.gone(drawing);
    } catch (error) {
      toast("bad", told(error));
      return;
    }
    if (line) this.note(async () => this.again.set(drawing, (await this.keep({ kind: line.kind, points: line.points }, { noted: false })).drawing));
    this.say(this.words.erased);
  }

  async gone(drawing) {
    await call("DELETE", `/drawings/${drawing}`);
    this.lines.set(this.lines.all.filter((line) => line.drawing !== drawing));
    this.choose(null);
    this.draw();
  }

  eraseChosen() {
    if (this.lines.selected !== null) this.erase(this.lines.selected);
  }

  textOf(line) {
    const at = (point) => this.words.at.replace("{price}", price(point.price)).replace("{date}", dayText(point.time + 28_800));
    return line.kind === "horizontal" ? price(line.points[0].price) : line.points.map(at).join(" – ");
  }

  draw() {
    const { all } = this.lines;
    if (all.length === 0) {
      const none = document.createElement("li");
      none.className = "hush";
      none.textContent = this.words.no_lines;
      this.list.replaceChildren(none);
      return;
    }
    this.list.replaceChildren(
      ...all.map((line) => {
        const item = document.createElement("li");
        item.dataset.drawing = line.drawing;
        const text = `${this.words[line.kind]} ${this.textOf(line)}`;
        const name = document.createElement("span");
        name.textContent = text;
        const button = document.createElement("button");
        button.type = "button";
        button.className = "button plain little";
        button.textContent = this.words.delete;
        button.setAttribute("aria-label", this.words.delete_of.replace("{name}", text));
        button.addEventListener("click", () => this.erase(line.drawing));
        item.addEventListener("mouseenter", () => this.choose(line.drawing));
        item.addEventListener("mouseleave", () => this.choose(null));
        item.append(name, button);
        return item;
      }),
    );
  }

  // --- by numbers ------------------------------------------------------------------------------------------------------

  byNumbers() {
    const dialog = document.getElementById("liner");
    const kind = document.getElementById("line-kind");
    const second = document.getElementById("second-point");
    const wrong = document.getElementById("liner-wrong");
    const field = (name, place) => document.getElementById(`line-${name}-${place}`);
    const shape = () => {
      second.hidden = kind.value === "horizontal";
      for (const input of second.querySelectorAll("input")) input.required = !second.hidden;
    };
    kind.addEventListener("change", shape);
    document.getElementById("open-line").addEventListener("click", () => {
      wrong.replaceChildren();
      shape();
      const { data, times } = this.stage;
      const last = (times?.length ?? 0) - 1;
      for (const [place, at] of [[1, last - 20], [2, last]]) {
        if (last < 0 || field("date", place).value) continue;
        const where = Math.max(0, at);
        field("date", place).value = dayText(times[where]);
        field("price", place).value = price(BigInt(data.close[where])).replaceAll(",", "");
      }
      dialog.showModal();
    });
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      if (event.submitter?.value !== "yes") return;
      event.preventDefault();
      const places = kind.value === "horizontal" ? [1] : [1, 2];
      const points = places.map((place) => ({ time: Date.parse(`${field("date", place).value}T00:00:00+08:00`) / 1000, price: field("price", place).value.trim() }));
      try {
        if (points.some((point) => units(point.price) === null)) field("price", 1).focus();
        await this.keep({ kind: kind.value, points });
        dialog.close("no");
      } catch (error) {
        const text = document.createElement("p");
        text.className = "notice bad";
        text.textContent = told(error);
        wrong.replaceChildren(text);
      }
    });
  }
}
