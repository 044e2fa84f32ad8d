/** Charts side by side: one security over several spans, or several securities of a watchlist; each follows the running day. */

import { calls } from "/static/shell/js/calls.js";
import { change, price, priceText, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market, told } from "/static/shell/js/trade.js";
import { load as watchlists } from "/static/quotes/watchlists.js";
import { page, soon } from "/static/pocket/page.js";
import { listen } from "./moves.js";
import { Stage } from "./stage.js";

const call = calls("/charts");
const LIVE_MS = 1500;
const TAIL = 3;
const BARS = 600; // of one pane; indicators are computed over all there are
const FIRST = "MA(5),MA(20)";
const SPANS = ["5m", "60m", "1d", "1w"];
const DAYS = new Set(["1d", "1w", "1mo"]);
const at = (id) => document.getElementById(id);

class Pane {
  constructor(code, span) {
    this.code = code;
    this.span = span;
    this.indicators = FIRST;
    this.latest = "";
    this.element = at("pane").content.firstElementChild.cloneNode(true);
    this.box = this.element.querySelector(".chart-box");
    this.note = this.element.querySelector(".pane-note");
    this.select = this.element.querySelector("select");
    this.select.value = span;
    this.select.addEventListener("change", () => {
      this.span = this.select.value;
      this.load();
    });
    this.follow = soon(() => this.renew(), LIVE_MS);
  }

  /** Draws itself where it stands now in the page. */
  begin(name) {
    const link = document.createElement("a");
    link.href = `${page.chart}${this.code}/?span=${this.span}`;
    link.textContent = page.code ? this.select.selectedOptions[0].textContent : `${this.code} ${name}`.trim();
    this.link = link;
    this.element.querySelector("h2").replaceChildren(link);
    this.box.setAttribute("aria-label", page.words.chart_of.replace("{code}", this.code).replace("{span}", this.select.selectedOptions[0].textContent));
    this.stage = new Stage(this.box, this.element.querySelector(".chart-legend"), page.words);
    listen(this.stage, (text) => (at("said").textContent = text));
    return this.load();
  }

  path(more) {
    const query = new URLSearchParams({ span: this.span, indicators: this.indicators, limit: BARS, ...more });
    if (this.latest && DAYS.has(this.span)) query.set("latest", this.latest);
    return `/${this.code}/bars?${query}`;
  }

  async load() {
    const { span, indicators } = this;
    let answer;
    try {
      answer = await call("GET", this.path());
    } catch (error) {
      this.tell(`${page.words.failed} ${told(error)}`);
      return;
    }
    if (this.ended || span !== this.span || indicators !== this.indicators) return;
    this.link.href = `${page.chart}${this.code}/?span=${span}`;
    if (page.code) this.link.textContent = this.select.selectedOptions[0].textContent;
    for (const option of this.select.options) option.hidden = option.disabled = !answer.spans.includes(option.value) && option.value !== span;
    const { length } = answer.time;
    this.tell(length > 0 ? "" : page.words.no_bars);
    if (length > 0) {
      this.stage.show(answer);
      if (!this.quoted) this.price(priceText(BigInt(answer.close.at(-1))), length > 1 ? priceText(BigInt(answer.close.at(-2))) : "");
    }
    this.box.dataset.bars = length;
  }

  tell(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
    this.box.hidden = text !== "";
    this.element.querySelector(".chart-legend").hidden = text !== "";
  }

  price(now, before) {
    const moved = change(now, before);
    const [last, difference] = ["last", "change"].map((name) => this.element.querySelector(`[data-field="${name}"]`));
    last.textContent = price(now);
    last.className = `pane-last ${moved?.tone ?? ""}`;
    difference.textContent = moved ? moved.percent : "";
    difference.className = moved ? `${moved.tone} ${moved.tone}-mark` : "";
  }

  quote(quote, reference, date) {
    this.quoted = true;
    this.price(quote.last, reference);
    const latest = [date, quote.open, quote.high, quote.low, quote.last, quote.volume].join(",");
    if (latest === this.latest) return;
    this.latest = latest;
    this.follow();
  }

  /** The last bars again, computed by the same function as all of them. */
  async renew() {
    if (this.ended || document.hidden || !this.stage) return undefined;
    if (!this.stage.data?.time.length) return this.load();
    const { span, indicators } = this;
    const tail = await call("GET", this.path({ limit: TAIL })).catch(() => null);
    if (this.ended || !tail || span !== this.span || indicators !== this.indicators) return undefined;
    return this.stage.renew(tail) ? undefined : this.load();
  }

  end() {
    this.ended = true;
    this.stage?.end();
  }
}

class Grid {
  constructor() {
    this.panes = [];
    this.codes = [];
    this.first = 0;
    this.indicators = FIRST;
    this.end = () => {};
    at("grid-tools").addEventListener("submit", (event) => event.preventDefault());
    at("grid-setup").addEventListener("change", (event) => {
      this.indicators = event.target.value || FIRST;
      for (const pane of this.panes) {
        pane.indicators = this.indicators;
        pane.load();
      }
    });
  }

  async begin() {
    this.day = await market().catch(() => null);
    this.securities = new Map((this.day?.securities ?? []).map((one) => [one.code, one]));
    document.addEventListener("yunhai:market", ({ detail }) => this.day && detail.date && detail.date !== this.day.date && this.turned(detail.date));
    document.addEventListener("visibilitychange", () => this.panes.forEach((pane) => pane.latest && pane.follow())); // not drawn while hidden
    this.setups();
    if (page.code) {
      if (this.securities.has(page.code)) at("trade-link").hidden = false;
      this.show(SPANS.map((span) => [page.code, span]), 2);
      return;
    }
    for (const id of ["grid-size", "grid-span"]) at(id).addEventListener("change", () => this.turn(0));
    for (const button of document.querySelectorAll("[data-turn]")) button.addEventListener("click", () => this.turn(Number(button.dataset.turn)));
    const lists = await watchlists(page.account).catch(() => []);
    const shown = lists.length > 0 ? lists : [{ name: page.words.first_list, codes: [...this.securities.keys()].slice(0, page.most) }];
    at("grid-list").replaceChildren(...shown.map((list, place) => new Option(list.name, place)));
    at("grid-list").addEventListener("change", () => this.choose(shown[at("grid-list").value]));
    this.choose(shown[0]);
  }

  /** Another day is open: the one that was followed is history now. */
  async turned(date) {
    const before = this.day;
    this.day = { ...before, date }; // asked for once
    this.day = (await market({ fresh: true }).catch(() => null)) ?? before;
    this.securities = new Map(this.day.securities.map((one) => [one.code, one]));
    for (const pane of this.panes) {
      pane.latest = "";
      pane.load();
    }
  }

  async setups() {
    const found = await call("GET", "/setups").catch(() => []);
    at("grid-setup").append(...found.map((one) => new Option(one.name, one.indicators)));
  }

  choose(list) {
    this.codes = list.codes;
    this.first = 0;
    this.turn(0);
  }

  /** Shows the next securities of the list, or those before. */
  turn(way) {
    const size = Number(document.querySelector('#grid-size [name="size"]:checked').value);
    const span = document.querySelector('#grid-span [name="span"]:checked').value;
    const { length } = this.codes;
    this.first = Math.max(0, Math.min(this.first + way * size, Math.max(0, length - 1)));
    this.first -= this.first % size;
    const codes = this.codes.slice(this.first, this.first + size);
    at("grid-empty").hidden = length > 0;
    at("grid-turn").hidden = length <= size;
    at("grid-place").textContent = `${this.first + 1}–${this.first + codes.length} / ${length}`;
    const [before, next] = document.querySelectorAll("[data-turn]");
    before.disabled = this.first === 0;
    next.disabled = this.first + size >= length;
    this.show(codes.map((code) => [code, span]), Math.sqrt(size));
  }

  show(wanted, columns) {
    this.end();
    for (const pane of this.panes) pane.end();
    this.panes = wanted.map(([code, span]) => new Pane(code, span));
    at("grid").dataset.columns = columns;
    at("grid").replaceChildren(...this.panes.map((pane) => pane.element));
    for (const pane of this.panes) {
      pane.indicators = this.indicators;
      pane.begin(this.securities.get(pane.code)?.name ?? "");
    }
    const live = [...new Set(wanted.map(([code]) => code))].filter((code) => this.securities.has(code));
    this.end = live.length > 0 ? watchQuotes(live, (quote) => this.quoted(quote)) : () => {};
  }

  quoted(quote) {
    if (quote.segment !== "board" || !units(quote.open) || !units(quote.last)) return;
    for (const pane of this.panes) if (pane.code === quote.code) pane.quote(quote, this.securities.get(quote.code).reference, this.day.date);
  }
}

if (page.account) new Grid().begin();
