/** The boards: index, breadth, movers and sectors from the stream's channel `boards`, watchlists from `quotes`. */

import { addChartLink } from "/static/pocket/chart_link.js";
import { Finder } from "/static/pocket/finder.js";
import { page } from "/static/pocket/page.js";
import { change as moved, count, money, price, tone, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { listen } from "/static/shell/js/stream.js";
import { toast } from "/static/shell/js/toast.js";
import { market, told } from "/static/shell/js/trade.js";
import { language } from "/static/shell/js/words.js";
import { MOST, change, load, make, remove } from "./watchlists.js";

const SVG = "http://www.w3.org/2000/svg";
const LOT = 1000;
const FIRST = 12;
const OPENS = 9 * 60;
const MINUTES = 270;
const at = (id) => document.getElementById(id);
const say = (key, places = {}) => (page.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(places[name] ?? whole));

function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** The head of a row: a security that leads to its page. */
function head(code, name) {
  const cell = made("th", "", { scope: "row" });
  const link = made("a", name || code, { href: `${page.security}${code}/` });
  link.append(made("span", code, { class: "sub" }));
  cell.append(link);
  addChartLink(cell, code);
  return cell;
}

/** "▲1.40%" of decimal percent text, coloured. */
function percented(element, percent) {
  const size = units(percent);
  const way = tone(size);
  element.className = size ? `${way} ${way}-mark` : "flat";
  element.textContent = percent === "" ? "–" : `${percent.replace("-", "")}%`;
}

/** NT$ in millions, for a table's narrow cell. */
const millions = (value) => say("million", { count: count((units(value) ?? 0n) / 10_000n / 1_000_000n) });

// --- index, breadth -----------------------------------------------------------------------------------------------------

const minutes = new Map(); // minute of the day -> level as a number, for the line alone

function minuteOf(text) {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

function drawLine(previous) {
  const points = [...minutes].sort(([one], [other]) => one - other);
  const values = [previous, ...points.map(([, level]) => level)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (level) => (57 - (54 * (level - low)) / (high - low || 1)).toFixed(1);
  const title = at("spark-title");
  const last = points.at(-1)?.[1] ?? previous;
  const way = last > previous ? "up" : last < previous ? "down" : "";
  const drawn = [title, shape("line", { x1: 0, x2: MINUTES, y1: y(previous), y2: y(previous) })];
  if (points.length > 0) {
    const line = points.map(([minute, level]) => `${minute - OPENS},${y(level)}`).join(" ");
    drawn.push(shape("polyline", { class: way, points: points.length > 1 ? line : `0,${y(previous)} ${line}` }));
    title.textContent = say("spark", { count: points.length, low: low.toFixed(2), high: high.toFixed(2) });
  }
  at("spark").replaceChildren(...drawn);
}

function showIndex(index, time) {
  const set = (name, text) => {
    document.querySelector(`[data-index="${name}"]`).textContent = text;
  };
  const now = index.level || index.previous;
  set("level", price(now));
  const difference = moved(now, index.previous);
  const element = document.querySelector('[data-index="change"]');
  element.className = difference ? `${difference.tone} ${difference.tone}-mark` : "";
  element.textContent = difference ? `${difference.amount} (${difference.percent})` : "";
  for (const name of ["open", "high", "low", "previous"]) set(name, price(index[name]));
  set("members", index.members ? say("members", { count: count(index.members), date: index.issues }) : "");
  for (const [minute, level] of index.minutes) minutes.set(minuteOf(minute), Number(level));
  if (index.open && time) minutes.set(Math.min(minuteOf(time.slice(11)), OPENS + MINUTES), Number(index.level));
  drawLine(Number(index.previous));
}

function showBreadth(data) {
  const { breadth } = data;
  for (const element of document.querySelectorAll("[data-breadth]")) element.textContent = count(breadth[element.dataset.breadth]);
  const flat = breadth.unchanged + breadth.untraded;
  const all = Math.max(1, breadth.advancing + breadth.declining + flat);
  let x = 0;
  const part = (name, number) => {
    const width = (1000 * number) / all;
    const drawn = shape("rect", { class: name, x: x.toFixed(1), y: 0, width: width.toFixed(1), height: 10 });
    x += width;
    return drawn;
  };
  at("breadth").replaceChildren(part("up", breadth.advancing), part("flat", flat), part("down", breadth.declining));
  const total = (name, text) => {
    document.querySelector(`[data-total="${name}"]`).textContent = text;
  };
  total("value", money(data.value.replace(/\.0+$/, "")));
  total("volume", count(data.volume));
  total("trades", count(data.trades));
}

// --- movers, sectors ------------------------------------------------------------------------------------------------------

let latest = null;

function ranking() {
  return document.querySelector('#ranking [name="ranking"]:checked').value;
}

function showMovers() {
  const chosen = ranking();
  const rows = latest?.movers[chosen] ?? [];
  const value = chosen === "value";
  document.querySelector("#movers [data-column]").textContent = say(value ? "column.value" : "column.volume");
  at("movers").hidden = rows.length === 0;
  at("movers-empty").hidden = rows.length > 0;
  document.querySelector("#movers tbody").replaceChildren(
    ...rows.map((one) => {
      const row = made("tr", "", { "data-code": one.code });
      const way = tone(units(one.change));
      const last = made("td", "", { class: "num" });
      last.append(made("span", price(one.last), { class: one.limit ? `at-limit-${one.limit}` : way }));
      if (one.limit) last.firstChild.title = say(`limit.${one.limit}`);
      const percent = made("td", "", { class: "num" });
      percent.append(made("span"));
      percented(percent.firstChild, one.percent);
      row.append(head(one.code, one.name), last, percent, made("td", value ? millions(one.value) : count(Math.floor(one.volume / LOT)), { class: "num" }));
      return row;
    }),
  );
}

function showSectors(sectors) {
  const sorted = [...sectors].sort((one, other) => Number(other.percent) - Number(one.percent));
  document.querySelector("#sectors tbody").replaceChildren(
    ...sorted.map((one) => {
      const row = made("tr", "", { "data-sector": one.sector });
      const percent = made("td", "", { class: "num" });
      percent.append(made("span"));
      percented(percent.firstChild, one.percent);
      const leader = made("td", "", { class: "wide-only" });
      if (one.leader) {
        leader.append(made("a", one.leader, { href: `${page.security}${one.leader}/` }));
        addChartLink(leader, one.leader);
      }
      row.append(
        made("th", language === "zh" ? one.zh : one.en, { scope: "row" }),
        percent,
        made("td", `${one.advancing} / ${one.declining}`, { class: "num" }),
        made("td", `${one.share}%`, { class: "num" }),
        leader,
      );
      return row;
    }),
  );
}

function showBoards({ data }) {
  if (!data) return;
  latest = data;
  showIndex(data.index, data.market_time);
  showBreadth(data);
  showMovers();
  showSectors(data.sectors);
}

// --- watchlists -----------------------------------------------------------------------------------------------------------

class Lists {
  constructor(securities) {
    this.securities = new Map(securities.map((one) => [one.code, one]));
    this.lists = [];
    this.chosen = 0;
    this.rows = new Map();
    this.end = () => {};
    this.body = document.querySelector("#watch tbody");
    new Finder(at("find"), at("found"), securities, (code) => this.add(code));
    at("list-new").addEventListener("click", () => this.name(null));
    at("list-rename").addEventListener("click", () => this.name(this.now));
    at("list-remove").addEventListener("click", () => this.removeList());
    at("list-back").addEventListener("click", () => at("list-dialog").close());
    at("list-dialog").querySelector("form").addEventListener("submit", (event) => this.named(event));
    at("lists").addEventListener("keydown", (event) => this.key(event));
  }

  /** The list that is shown; what a person without one is shown until they change it. */
  get now() {
    return this.lists[this.chosen] ?? { id: 0, name: say("watchlist"), codes: [...this.securities.keys()].slice(0, FIRST) };
  }

  async load() {
    try {
      this.lists = await load(page.account);
    } catch (error) {
      toast("bad", told(error));
    }
    this.draw();
  }

  /** Runs one change of the lists, then shows what they are; a refusal is told. */
  async run(action) {
    try {
      await action();
      return true;
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
      return false;
    } finally {
      this.draw();
    }
  }

  async keep(codes) {
    const { id, name } = this.now;
    await this.run(async () => {
      if (id) this.lists[this.chosen] = await change(id, { codes });
      else this.lists = [await make(name, codes)];
    });
  }

  add(code) {
    const { codes } = this.now;
    if (codes.includes(code)) return this.row(code)?.scrollIntoView({ block: "nearest" });
    if (codes.length >= MOST) return toast("bad", say("full", { most: MOST }));
    return this.keep([...codes, code]);
  }

  row(code) {
    return this.rows.get(code)?.row;
  }

  name(list) {
    this.renamed = list?.id ? list : null;
    at("list-dialog-title").textContent = say(this.renamed ? "rename" : "new");
    at("list-name").value = this.renamed?.name ?? "";
    at("list-wrong").hidden = true;
    at("list-dialog").showModal();
  }

  async named(event) {
    event.preventDefault();
    const name = at("list-name").value.trim();
    try {
      if (this.renamed) this.lists[this.chosen] = await change(this.renamed.id, { name });
      else {
        const first = this.lists.length === 0 ? this.now.codes : [];
        this.lists = [...this.lists, await make(name, first)];
        this.chosen = this.lists.length - 1;
      }
    } catch (error) {
      at("list-wrong").textContent = told(error);
      at("list-wrong").hidden = false;
      return;
    }
    at("list-dialog").close();
    this.draw();
  }

  async removeList() {
    const { id, name } = this.now;
    if (!id) return;
    const gone = await this.run(async () => {
      await remove(id);
      this.lists = this.lists.filter((one) => one.id !== id);
      this.chosen = 0;
    });
    if (gone) toast("good", say("removed", { name }));
  }

  key(event) {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way || this.lists.length === 0) return;
    event.preventDefault();
    this.chosen = (this.chosen + way + this.lists.length) % this.lists.length;
    this.draw();
    at("lists").querySelector('[aria-selected="true"]').focus();
  }

  draw() {
    const { now } = this;
    const shown = this.lists.length > 0 ? this.lists : [now];
    at("lists").replaceChildren(
      ...shown.map((list, place) => {
        const current = place === this.chosen;
        const tab = made("button", list.name, { type: "button", role: "tab", "aria-selected": String(current), "aria-controls": "list-panel", tabindex: current ? 0 : -1 });
        tab.append(made("span", String(list.codes.length), { class: "count" }));
        tab.addEventListener("click", () => {
          this.chosen = place;
          this.draw();
        });
        return tab;
      }),
    );
    at("watch-wait").hidden = true;
    at("watch").hidden = now.codes.length === 0;
    at("watch-empty").hidden = now.codes.length > 0;
    at("list-tools").hidden = !now.id;
    this.rows.clear();
    this.body.replaceChildren(...now.codes.map((code) => this.made(code)));
    this.end();
    this.end = now.codes.length > 0 ? watchQuotes(now.codes, (quote) => quote.segment === "board" && this.show(quote)) : () => {};
  }

  made(code) {
    const security = this.securities.get(code);
    const row = made("tr", "", { "data-code": code });
    row.append(head(code, security?.name));
    const cells = {};
    for (const name of ["last", "change", "bid", "ask", "volume"]) {
      const cell = made("td", "", { class: `num${["bid", "ask", "volume"].includes(name) ? " wide-only" : ""}` });
      cells[name] = made("span", security ? "–" : name === "last" ? say("not_today") : "");
      cell.append(cells[name]);
      row.append(cell);
    }
    const last = made("td");
    const button = made("button", "×", { type: "button", class: "button plain little remove", "aria-label": say("remove_code", { code }) });
    button.addEventListener("click", () => this.keep(this.now.codes.filter((one) => one !== code)));
    last.append(button);
    row.append(last);
    this.rows.set(code, { row, cells, security });
    return row;
  }

  show(quote) {
    const line = this.rows.get(quote.code);
    if (!line?.security) return;
    const { raw } = quote;
    const shown = quote.last || quote.trial?.price || "";
    const put = (name, value, limit) => {
      const now = units(value);
      const reference = units(quote.reference);
      const way = now === null || reference === null ? "flat" : tone(now - reference);
      line.cells[name].className = limit ? `at-limit-${limit}` : way;
      line.cells[name].textContent = price(value);
    };
    put("last", shown, quote.last ? raw.last_limit : "");
    put("bid", quote.bids[0]?.[0] ?? "", raw.bid_limit);
    put("ask", quote.asks[0]?.[0] ?? "", raw.ask_limit);
    const difference = moved(shown, quote.reference);
    line.cells.change.className = difference ? `${difference.tone} ${difference.tone}-mark` : "flat";
    line.cells.change.textContent = difference ? difference.percent : "–";
    line.cells.volume.textContent = count(Math.floor(quote.volume / line.security.lot));
    const link = line.row.querySelector("th a");
    link.querySelector(".mark")?.remove();
    const mark = raw.halted ? "halted" : quote.phase === "halted" ? "interrupted" : quote.trial && !quote.last ? "trial" : "";
    if (mark) link.append(made("span", say(mark), { class: `badge mark ${mark === "trial" ? "wait" : "bad"}` }));
  }
}

async function start() {
  document.getElementById("ranking").addEventListener("change", showMovers);
  showMovers();
  listen({ channel: "boards" }, showBoards);
  const day = await market().catch(() => ({ securities: [] }));
  await new Lists(day.securities).load();
}

if (page.account) start();
