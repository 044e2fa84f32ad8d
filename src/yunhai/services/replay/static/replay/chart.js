/**
 * The day's price, drawn once, with the position in it: what lies ahead is veiled, one's own orders and trades, bookmarks and the
 * span are marked. A click goes to that moment. Drawn by lightweight-charts, for nothing else than to be looked at.
 */

import { BaselineSeries, CrosshairMode, HistogramSeries, createChart } from "/static/charts/vendor/lightweight-charts.standalone.production.mjs";
import { at } from "./parts.js";

const TOKENS = ["ink", "ink-soft", "line", "line-strong", "surface", "accent", "up", "down", "warn"];
const BARS = 1200;
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 1800, 3600];
const MARK_PX = 4;

const faded = (colour, share) => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);

/** How many seconds a bar has, so that so many ms are drawn with at most `BARS`. */
export const secondsOf = (length) => SECONDS.find((seconds) => length / 1000 / seconds <= BARS) ?? SECONDS.at(-1);

export class Chart {
  /** `go(ms)` goes to a moment of the market's clock. */
  constructor(go) {
    this.box = at("chart");
    this.marks = { now: 0, span: [null, null], own: [], bookmarks: [] };
    this.times = [];
    this.chart = createChart(this.box, { autoSize: true, layout: { attributionLogo: false }, handleScroll: { vertTouchDrag: false } });
    this.line = this.chart.addSeries(BaselineSeries, { lineWidth: 2, priceLineVisible: false, lastValueVisible: false });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    this.request = () => {};
    const view = { zOrder: () => "top", renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace((scope) => this.paint(scope)) }) };
    this.line.attachPrimitive({
      attached: ({ requestUpdate }) => {
        this.request = requestUpdate;
      },
      detached: () => {},
      updateAllViews: () => {},
      paneViews: () => [view],
    });
    this.chart.subscribeClick((param) => {
      if (param.logical === undefined || param.logical === null || this.times.length === 0) return;
      const place = Math.min(Math.max(param.logical, 0), this.times.length - 1);
      go(Math.round((this.times[Math.floor(place)] + (place % 1) * this.seconds) * 1000));
    });
    this.look();
    new MutationObserver(() => this.look()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.look());
  }

  look() {
    const probe = document.createElement("i");
    this.box.append(probe);
    const ink = {};
    for (const name of TOKENS) {
      probe.style.color = `var(--${name})`;
      ink[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.ink = ink;
    const style = getComputedStyle(this.box);
    this.chart.applyOptions({
      layout: { background: { type: "solid", color: ink.surface }, textColor: ink["ink-soft"], fontFamily: style.fontFamily, fontSize: 11 },
      grid: { vertLines: { color: ink.line }, horzLines: { color: ink.line } },
      rightPriceScale: { borderColor: ink.line },
      timeScale: { borderColor: ink.line, timeVisible: true, secondsVisible: true, rightOffset: 2, minBarSpacing: 0.1 },
      crosshair: { mode: CrosshairMode.Normal, vertLine: { color: ink["line-strong"], labelBackgroundColor: ink["ink-soft"] }, horzLine: { color: ink["line-strong"], labelBackgroundColor: ink["ink-soft"] } },
      localization: { locale: document.documentElement.lang === "en" ? "en-GB" : "zh-TW", dateFormat: "yyyy-MM-dd" },
    });
    this.line.applyOptions({
      topLineColor: ink.up, topFillColor1: faded(ink.up, 0.22), topFillColor2: faded(ink.up, 0.03),
      bottomLineColor: ink.down, bottomFillColor1: faded(ink.down, 0.03), bottomFillColor2: faded(ink.down, 0.22),
    });
    this.volume.applyOptions({ color: faded(ink["ink-soft"], 0.45) });
    this.request();
  }

  /** The answer of `bars`, and the security's reference price as a number; of `hours` every bar's place is kept, traded in or not. */
  show(bars, reference, hours) {
    const { seconds, scale } = bars;
    this.seconds = seconds;
    const known = new Map(bars.time.map((time, place) => [time, place]));
    this.times = hours.bars(seconds);
    let held = null;
    this.line.applyOptions({ baseValue: { type: "price", price: reference || (bars.opening[0] ?? 0) / scale } });
    this.line.setData(
      this.times.map((time) => {
        const place = known.get(time);
        if (place !== undefined) held = bars.closing[place] / scale;
        return held === null ? { time } : { time, value: held };
      }),
    );
    this.volume.setData(this.times.map((time) => (known.has(time) ? { time, value: bars.volume[known.get(time)] } : { time })));
    const fit = () => this.chart.timeScale().fitContent();
    fit();
    requestAnimationFrame(() => requestAnimationFrame(fit)); // once more when a box that has just been shown has its width
    this.box.dataset.bars = String(bars.time.length);
    this.request();
  }

  /** What is marked: `now` ms, `span` [ms, ms], `own` [{ ms, price, side, kind }], `bookmarks` [ms]. */
  mark(marks) {
    Object.assign(this.marks, marks);
    this.request();
  }

  /** A moment (s) as a number of bars; one in a silence lies at the end of the bar before it. */
  logicalOf(time) {
    let [first, last] = [0, this.times.length];
    while (last - first > 1) {
      const middle = (first + last) >> 1;
      if (this.times[middle] <= time) first = middle;
      else last = middle;
    }
    return first + Math.min((time - this.times[first]) / this.seconds, 1);
  }

  xOf(ms) {
    if (this.times.length === 0) return null;
    const logical = this.logicalOf(ms / 1000);
    const whole = Math.floor(logical);
    const scale = this.chart.timeScale();
    const left = scale.logicalToCoordinate(whole);
    const right = scale.logicalToCoordinate(whole + 1);
    return left === null || right === null ? null : left + (logical - whole) * (right - left);
  }

  paint({ context, mediaSize: { width, height } }) {
    const { now, span, own, bookmarks } = this.marks;
    const { ink } = this;
    const [from, to] = span.map((ms) => (ms === null ? null : this.xOf(ms)));
    if (from !== null && to !== null) {
      context.fillStyle = faded(ink.accent, 0.14);
      context.fillRect(from, 0, Math.max(1, to - from), height);
    }
    const line = (x, colour, dash) => {
      context.beginPath();
      context.strokeStyle = colour;
      context.lineWidth = 1.5;
      context.setLineDash(dash);
      context.moveTo(x, 0);
      context.lineTo(x, height);
      context.stroke();
      context.setLineDash([]);
    };
    for (const x of [from, to]) if (x !== null) line(x, ink.accent, [3, 3]);
    for (const ms of bookmarks) {
      const x = this.xOf(ms);
      if (x !== null) line(x, ink.warn, [1, 4]);
    }
    const here = this.xOf(now);
    if (here !== null) {
      context.fillStyle = faded(ink.surface, 0.62);
      if (here < width) context.fillRect(Math.max(0, here), 0, width - Math.max(0, here), height);
      line(here, ink.ink, []);
    }
    for (const { ms, price, side, kind } of own) this.ownMark(context, this.xOf(ms), this.line.priceToCoordinate(price), side, kind);
  }

  /** A triangle where one's own order came in, a full circle where it traded. */
  ownMark(context, x, y, side, kind) {
    if (x === null || y === null) return;
    context.beginPath();
    context.fillStyle = side === "buy" ? this.ink.up : this.ink.down;
    context.strokeStyle = this.ink.surface;
    context.lineWidth = 1.5;
    const way = side === "buy" ? 1 : -1;
    if (kind === "trade") context.arc(x, y, MARK_PX, 0, 2 * Math.PI);
    else {
      context.moveTo(x, y + way * 2);
      context.lineTo(x - 6, y + way * 12);
      context.lineTo(x + 6, y + way * 12);
      context.closePath();
    }
    context.fill();
    context.stroke();
  }
}
