/** Drawing: the pens of the toolbar, the list of one's lines, the dialog by numbers; every line is kept on the server at once. */

import { price, units } from "/static/shell/js/format.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { call } from "./calls.js";
import { Lines } from "./lines.js";
import { dayText } from "./stage.js";

const POINTS = { trend: 2, horizontal: 1 };
const DRAG_PX = 5;

export class Pens {
  constructor(stage, code, words, say) {
    Object.assign(this, { stage, code, words, say });
    this.lines = new Lines(stage);
    stage.candles.attachPrimitive(this.lines);
    this.pen = null;
    this.points = [];
    this.list = document.getElementById("lines");
    for (const button of document.querySelectorAll("[data-pen]")) button.addEventListener("click", () => this.take(this.pen === button.dataset.pen ? null : button.dataset.pen));
    let from = null;
    stage.box.addEventListener("pointerdown", (event) => (from = [event.clientX, event.clientY]));
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

  pointAt(logical, value) {
    const hundredths = Math.round(value * 100);
    return hundredths > 0 ? { time: this.stage.timeOf(logical), price: (hundredths / 100).toFixed(2) } : null;
  }

  /** A click on the prices. Not the library's own: of two quick ones it tells the first only. */
  clicked(event) {
    const { chart, candles, box } = this.stage;
    const place = box.getBoundingClientRect();
    const [x, y] = [event.clientX - place.left, event.clientY - place.top];
    if (!this.stage.data || x > chart.timeScale().width() || y > chart.panes()[0].getHeight()) return;
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
    this.keep(made).catch((error) => toast("bad", told(error)));
  }

  async keep(made) {
    const line = await call("POST", `/${this.code}/drawings`, made);
    this.lines.set([...this.lines.all, line]);
    this.say(this.words.drawn);
    this.draw();
  }

  choose(drawing) {
    this.lines.selected = drawing;
    this.lines.request();
    for (const item of this.list.children) item.classList.toggle("chosen", drawing !== null && item.dataset.drawing === String(drawing));
  }

  async erase(drawing) {
    try {
      await call("DELETE", `/drawings/${drawing}`);
    } catch (error) {
      toast("bad", told(error));
      return;
    }
    this.lines.set(this.lines.all.filter((line) => line.drawing !== drawing));
    this.choose(null);
    this.say(this.words.erased);
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
