/**
 * The stage: candles, volume and indicators in panes, drawn by lightweight-charts; a legend per pane; keys and crosshair.
 *
 * Numbers come as columns (see /api/v1/charts): prices in whole 1/10,000 NT$ become binary64 here, to be drawn and for nothing else.
 * Times are moved by the market's offset, since the library writes UTC. Colours are the house's tokens, read when the look changes.
 */

import { count, price } from "/static/shell/js/format.js";
import { CandlestickSeries, CrosshairMode, HistogramSeries, LineSeries, LineStyle, createChart } from "./vendor/lightweight-charts.standalone.production.mjs";

const TOKENS = ["ink", "ink-soft", "ink-faint", "line", "line-strong", "surface", "accent", "up", "down", "up-wash", "down-wash", "warn"];
const SERIES = 8;
const LOT = 1000;
const SHOWN_DESK = 160;
const SHOWN_PHONE = 60;
const AHEAD = 6;
const WIDE_PX = 900;
const LOCALE = document.documentElement.lang === "en" ? "en-GB" : "zh-TW";
/** What moves the chart; not a finger going up or down, for that moves the page. */
const MOVED = { mouseWheel: true, pressedMouseMove: true, horzTouchDrag: true, vertTouchDrag: false };
/** How the time axis is written, by the library's kind of mark: year, month, day, time, time with seconds. */
const MARKS = [{ year: "numeric" }, { month: "short" }, { day: "numeric" }, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }].map(
  (parts) => new Intl.DateTimeFormat(LOCALE, { ...parts, timeZone: "UTC" }), // made once: the library makes one for each mark
);

/** The house's colours as the browser computes them now. */
function colours(box) {
  const probe = document.createElement("i");
  box.append(probe);
  const found = {};
  for (const name of [...TOKENS, ...Array.from({ length: SERIES }, (_, at) => `series-${at + 1}`)]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

const faded = (colour) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.45)");

/** "2026-08-21", with the time of day where spans are shorter than a day: to the minute, `exact` to the second. */
export function dayText(seconds, { time = false, exact = false } = {}) {
  const text = new Date(seconds * 1000).toISOString();
  return time ? `${text.slice(0, 10)} ${text.slice(11, exact ? 19 : 16)}` : text.slice(0, 10);
}

/** What an answer is of, to be compared with another's. */
const shape = ({ code, span, adjusted, indicators }) => [code, span, adjusted, ...indicators.map((one) => one.label)].join("|");

export class Stage {
  /** `lot` what one of the volume's `unit`s holds. */
  constructor(box, legend, words, { lot = LOT, unit = words.lots } = {}) {
    Object.assign(this, { lot, unit });
    this.box = box;
    this.legend = legend;
    this.words = words;
    this.data = null;
    this.at = -1;
    this.series = [];
    this.levelled = [];
    this.moved = () => {};
    this.chart = createChart(box, { autoSize: true, layout: { attributionLogo: false }, handleScroll: MOVED });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineVisible: true });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.2 } }); // above the volume, not over it
    this.chart.subscribeCrosshairMove((param) => this.hovered(param));
    this.look();
    const theme = new MutationObserver(() => this.look());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const ended = new AbortController();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.look(), { signal: ended.signal });
    const size = new ResizeObserver(() => requestAnimationFrame(() => !ended.signal.aborted && this.tell()));
    size.observe(box);
    ended.signal.addEventListener("abort", () => {
      theme.disconnect();
      size.disconnect();
      this.chart.remove();
    });
    this.ended = ended;
  }

  /** Takes the chart away for good. */
  end() {
    this.ended.abort();
  }

  // --- look ------------------------------------------------------------------------------------------------------------

  look() {
    const ink = colours(this.box);
    this.ink = ink;
    this.washes = { up: faded(ink.up), down: faded(ink.down) };
    const style = getComputedStyle(this.box);
    this.chart.applyOptions({
      layout: { background: { type: "solid", color: ink.surface }, textColor: ink["ink-soft"], fontFamily: style.fontFamily, fontSize: 11, panes: { separatorColor: ink.line, separatorHoverColor: ink.line } },
      grid: { vertLines: { color: ink.line }, horzLines: { color: ink.line } },
      rightPriceScale: { borderColor: ink.line },
      timeScale: { borderColor: ink.line, rightOffset: AHEAD, minBarSpacing: 0.2, tickMarkFormatter: (time, kind) => MARKS[kind].format(time * 1000) },
      crosshair: { mode: CrosshairMode.Normal, vertLine: { color: ink["line-strong"], labelBackgroundColor: ink["ink-soft"] }, horzLine: { color: ink["line-strong"], labelBackgroundColor: ink["ink-soft"] } },
      localization: { locale: LOCALE, dateFormat: "yyyy-MM-dd" },
    });
    this.candles.applyOptions({ upColor: ink.up, downColor: ink.down, borderUpColor: ink.up, borderDownColor: ink.down, wickUpColor: ink.up, wickDownColor: ink.down });
    this.level(this.levelled);
    if (this.data) this.draw({ keep: true });
  }

  // --- data ------------------------------------------------------------------------------------------------------------

  /** Shows an answer of /bars; `keep` leaves what is in view. */
  show(answer, { keep = false } = {}) {
    this.data = answer;
    this.times = answer.time.map((time) => time + answer.offset_seconds);
    this.clock = { time: !["1d", "1w", "1mo"].includes(answer.span), exact: /^\d+s$/.test(answer.span) };
    this.chart.applyOptions({ timeScale: { timeVisible: this.clock.time, secondsVisible: this.clock.exact } });
    this.at = this.times.length - 1;
    this.draw({ keep });
  }

  draw({ keep = false } = {}) {
    const range = keep ? this.chart.timeScale().getVisibleLogicalRange() : null;
    this.candles.setData(this.times.map((_, at) => this.candle(at)));
    this.volume.setData(this.times.map((_, at) => this.bar(at)));
    this.indicators();
    const last = this.times.length - 1;
    const shown = this.box.clientWidth > WIDE_PX ? SHOWN_DESK : SHOWN_PHONE;
    this.chart.timeScale().setVisibleLogicalRange(range ?? { from: last - Math.min(shown, Math.max(last, 20)), to: last + AHEAD });
    this.tell();
  }

  candle(at) {
    const { open, high, low, close, scale } = this.data;
    return { time: this.times[at], open: open[at] / scale, high: high[at] / scale, low: low[at] / scale, close: close[at] / scale };
  }

  bar(at) {
    const { open, close, volume } = this.data;
    return { time: this.times[at], value: volume[at], color: close[at] >= open[at] ? this.washes.up : this.washes.down };
  }

  /** Every indicator anew: over the prices, or each in a pane of its own. */
  indicators() {
    for (const { series } of this.series) this.chart.removeSeries(series);
    this.series = [];
    let pane = 0;
    let colour = 0;
    for (const indicator of this.data.indicators) {
      const own = indicator.outputs.some((output) => output.pane === "own") ? (pane += 1) : 0;
      for (const output of indicator.outputs) {
        const ink = `series-${(colour % SERIES) + 1}`;
        if (output.style !== "histogram" && output.style !== "mark") colour += 1;
        this.series.push({ indicator, output, ink, pane: output.pane === "own" ? own : 0, series: this.line(output, this.ink[ink], output.pane === "own" ? own : 0) });
      }
    }
    const panes = this.chart.panes();
    this.box.style.setProperty("--panes", String(panes.length - 1));
    panes.forEach((each, place) => each.setStretchFactor(place === 0 ? 3.2 : 1));
    this.places(panes.length);
  }

  /** Lines right across the prices, these and no others: { price, title, rests }, `price` decimal text, `title` beside it at the axis. */
  level(levelled) {
    const { candles, ink } = this;
    this.levelled = levelled;
    for (const line of candles.priceLines()) candles.removePriceLine(line);
    for (const { price: value, title, rests } of levelled) {
      const color = rests ? ink["ink-faint"] : ink.warn;
      candles.createPriceLine({ price: Number(value), title, color, axisLabelColor: color, axisLabelTextColor: ink.surface, lineWidth: 1, lineStyle: rests ? LineStyle.Dotted : LineStyle.Dashed });
    }
    this.box.dataset.levels = candles.priceLines().map((line) => line.options().price).join(" ");
  }

  line(output, ink, pane) {
    const common = { lastValueVisible: pane > 0, priceLineVisible: false };
    let series;
    if (output.style === "histogram" || output.style === "mark") series = this.chart.addSeries(HistogramSeries, { ...common, color: ink }, pane);
    else if (output.style === "points") series = this.chart.addSeries(LineSeries, { ...common, color: ink, lineVisible: false, pointMarkersVisible: true, pointMarkersRadius: 1.5, crosshairMarkerVisible: false }, pane);
    else series = this.chart.addSeries(LineSeries, { ...common, color: ink, lineWidth: 1, lineStyle: output.style === "band" ? LineStyle.Dashed : LineStyle.Solid, crosshairMarkerVisible: false }, pane);
    series.setData(output.values.map((_, at) => this.point(output, at)));
    return series;
  }

  point(output, at) {
    const value = output.values[at];
    const time = this.times[at];
    if (value === null || value === undefined) return { time };
    if (output.style !== "histogram" && output.style !== "mark") return { time, value };
    return { time, value, color: value >= 0 ? this.washes.up : this.washes.down };
  }

  /** Puts the last bars of a newer answer in place of the same ones here, or after them. False if it does not follow: other bars, or
   * other indicators than those that were chosen meanwhile. */
  renew(tail) {
    const first = tail.time[0];
    const from = this.data.time.lastIndexOf(first);
    if (from < 0 || shape(tail) !== shape(this.data)) return false;
    const last = this.times.length - 1; // what lies before it is history, which a series takes no update of
    const following = this.at === last;
    for (const name of ["time", "open", "high", "low", "close", "volume", "value", "trades"]) this.data[name].splice(from, Infinity, ...tail[name]);
    this.data.indicators.forEach((indicator, which) => {
      indicator.outputs.forEach((output, place) => output.values.splice(from, Infinity, ...tail.indicators[which].outputs[place].values));
    });
    this.times.splice(from, Infinity, ...tail.time.map((time) => time + this.data.offset_seconds));
    for (let at = Math.max(from, last); at < this.times.length; at += 1) this.update(at);
    if (following) this.at = this.times.length - 1;
    this.tell();
    return true;
  }

  update(at) {
    this.candles.update(this.candle(at));
    this.volume.update(this.bar(at));
    for (const { output, series } of this.series) series.update(this.point(output, at));
  }

  // --- legend ----------------------------------------------------------------------------------------------------------

  places(panes) {
    this.legends = Array.from({ length: panes }, () => document.createElement("div"));
    this.legends.forEach((element) => (element.className = "chart-legend-pane"));
    this.legend.replaceChildren(...this.legends);
  }

  /** The pointer chooses the bar; what the chart moves by itself (keys, live bars) does not. */
  hovered(param) {
    if (!this.data) return;
    const last = this.times.length - 1;
    if (param.sourceEvent && param.logical !== undefined && param.logical !== null) this.at = Math.max(0, Math.min(last, Math.round(param.logical)));
    else if (!param.point && document.activeElement !== this.box) this.at = last;
    else return;
    this.tell();
  }

  tell() {
    if (!this.data || !this.legends || this.times.length === 0) return;
    let top = 0;
    this.chart.panes().forEach((pane, place) => {
      const element = this.legends[place];
      if (!element) return;
      element.style.top = `${top + 4}px`;
      top += pane.getHeight() + 1;
      element.replaceChildren(...(place === 0 ? [this.barLine()] : []), ...this.values(place));
    });
  }

  barLine() {
    const { open, high, low, close, volume } = this.data;
    const at = Math.min(this.at, this.times.length - 1);
    const before = at > 0 ? close[at - 1] : open[at];
    const tone = close[at] > before ? "up" : close[at] < before ? "down" : "flat";
    const line = document.createElement("span");
    line.className = "chart-legend-bar";
    const part = (label, text, className = tone) => {
      const element = document.createElement("span");
      if (label) element.append(`${label} `);
      const value = document.createElement("b");
      value.className = className;
      value.textContent = text;
      element.append(value);
      line.append(element);
    };
    part("", dayText(this.times[at], this.clock), "");
    for (const [label, column] of [["open", open], ["high", high], ["low", low], ["close", close]]) part(this.words[label], price(BigInt(column[at])));
    const share = before ? ((close[at] - before) / before) * 100 : 0;
    part("", `${share > 0 ? "▲" : share < 0 ? "▼" : ""}${Math.abs(share).toFixed(2)}%`);
    part(this.words.volume, `${count(Math.floor(volume[at] / this.lot))} ${this.unit}`, "");
    return line;
  }

  values(place) {
    const lines = new Map();
    for (const { indicator, output, ink, pane } of this.series) {
      if (pane !== place) continue;
      if (!lines.has(indicator.label)) {
        const line = document.createElement("span");
        line.className = "chart-legend-indicator";
        line.append(`${indicator.label} `);
        lines.set(indicator.label, line);
      }
      const value = output.values[this.at];
      const element = document.createElement("b");
      element.dataset.ink = ink;
      const name = indicator.outputs.length > 1 ? `${output.name.toUpperCase()} ` : "";
      element.textContent = `${name}${value === null || value === undefined ? "–" : value.toFixed(2)}`;
      lines.get(indicator.label).append(element, " ");
    }
    return [...lines.values()];
  }

  /** The bar under the crosshair in words. */
  spoken() {
    const { open, high, low, close } = this.data;
    const parts = [["open", open], ["high", high], ["low", low], ["close", close]].map(([name, column]) => `${this.words[name]} ${price(BigInt(column[this.at]))}`);
    return [dayText(this.times[this.at], this.clock), ...parts].join(" ");
  }

  // --- moving ----------------------------------------------------------------------------------------------------------

  /** Puts the crosshair on a bar and that bar into view. */
  go(at) {
    if (this.times.length === 0) return;
    this.at = Math.max(0, Math.min(this.times.length - 1, at));
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    const width = range.to - range.from;
    if (this.at < range.from + 1) scale.setVisibleLogicalRange({ from: this.at - 2, to: this.at - 2 + width });
    else if (this.at > range.to - 2) scale.setVisibleLogicalRange({ from: this.at + 3 - width, to: this.at + 3 });
    this.chart.setCrosshairPosition(this.data.close[this.at] / this.data.scale, this.times[this.at], this.candles);
    this.tell();
  }

  /** Holds the chart still while something on it is moved. */
  hold(still) {
    this.chart.applyOptions({ handleScroll: still ? false : MOVED, handleScale: !still });
  }

  zoom(factor) {
    const scale = this.chart.timeScale();
    const { from, to } = scale.getVisibleLogicalRange();
    const half = Math.max(5, ((to - from) / 2) * factor);
    const middle = Math.min(Math.max(this.at, from), to);
    scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
    this.go(this.at);
  }

  // --- places of times -------------------------------------------------------------------------------------------------

  /** Seconds per bar beyond the last one. */
  get step() {
    const { length } = this.times;
    const known = { "1d": 86_400 * 1.4, "1w": 604_800, "1mo": 2_629_800 }[this.data.span];
    return known ?? (length > 1 ? this.times[length - 1] - this.times[length - 2] : 60);
  }

  /** Where on the row of bars a market time (UTC seconds) lies; between bars a fraction, beyond them by the span. */
  logicalOf(time) {
    const moved = time + this.data.offset_seconds;
    const { times } = this;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= moved) low = middle + 1;
      else high = middle;
    }
    const at = low - 1;
    if (at < 0) return (moved - times[0]) / this.step;
    if (at === times.length - 1) return at + (moved - times[at]) / this.step;
    return at + (moved - times[at]) / (times[at + 1] - times[at]);
  }

  /** The market time (UTC seconds, whole) at a place of the row of bars. */
  timeOf(logical) {
    const { times } = this;
    const last = times.length - 1;
    const offset = this.data.offset_seconds;
    if (logical <= 0) return Math.round(times[0] + logical * this.step) - offset;
    if (logical >= last) return Math.round(times[last] + (logical - last) * this.step) - offset;
    const at = Math.floor(logical);
    return Math.round(times[at] + (logical - at) * (times[at + 1] - times[at])) - offset;
  }

  /** A time's x on the stage; null before there is anything. */
  xOf(time) {
    if (!this.data || this.times.length === 0) return null;
    const logical = this.logicalOf(time);
    const whole = Math.floor(logical);
    const scale = this.chart.timeScale();
    const left = scale.logicalToCoordinate(whole);
    const right = scale.logicalToCoordinate(whole + 1);
    return left === null || right === null ? null : left + (logical - whole) * (right - left);
  }
}
