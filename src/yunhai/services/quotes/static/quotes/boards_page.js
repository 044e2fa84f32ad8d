/** The boards: index, breadth, movers and sectors from the stream's channel `boards`; watchlists are `lists.js`. */

import { addChartLink } from "/static/pocket/chart_link.js";
import { page, say } from "/static/pocket/page.js";
import { calls } from "/static/shell/js/calls.js";
import { at, made, shape } from "/static/shell/js/elements.js";
import { change as moved, clockTime, count, money, price, tone, units } from "/static/shell/js/format.js";
import { linkState, listen } from "/static/shell/js/stream.js";
import { toast } from "/static/shell/js/toast.js";
import { market, told } from "/static/shell/js/trade.js";
import { language } from "/static/shell/js/words.js";
import { QuoteCard } from "./card.js";
import { Lists } from "./lists.js";
import { badge, placed } from "./rows.js";

const LOT = 1000;
const OPENS = 9 * 60;
const MINUTES = 270;
const ask = calls("/quotes");
const card = at("quote-card") ? new QuoteCard(at("quote-card")) : null; // where one's room has no page of a security

/** What stands at the head of a row: a link to the security's page, or a button that shows its book beside. */
function open({ code, name }) {
  if (!card) return made("a", name, { href: `${page.security}${code}/` });
  const button = made("button", name, { type: "button", class: "quote-open", "data-opens": code });
  button.addEventListener("click", () => card.show(code));
  return button;
}

function head(code, name) {
  const cell = made("th", "", { scope: "row" });
  const opens = open({ code, name: name || code });
  opens.append(made("span", code, { class: "sub" }));
  cell.append(opens);
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

const FIGURES = {
  value: (one) => millions(one.value),
  amplitude: (one) => (one.amplitude ? `${one.amplitude}%` : "–"),
};

/** Rows by their key: the same element as long as it is there, so that a focus or a press that has begun is not lost. */
class Kept {
  constructor(body, fresh) {
    this.body = body;
    this.fresh = fresh;
    this.rows = new Map();
  }

  show(lines, keyOf, put) {
    const rows = lines.map((one) => {
      const key = keyOf(one);
      const row = this.rows.get(key) ?? this.fresh(one);
      put(row, one);
      return [key, row];
    });
    this.rows = new Map(rows);
    placed(this.body, [...this.rows.values()]);
  }
}

function figures(row, count) {
  for (let place = 0; place < count; place += 1) {
    const cell = made("td", "", { class: "num" });
    cell.append(made("span"));
    row.append(cell);
  }
  return row;
}

const movers = new Kept(document.querySelector("#movers tbody"), (one) => {
  const row = made("tr", "", { "data-code": one.code });
  row.append(head(one.code, one.name));
  return figures(row, 3);
});

function showMovers() {
  const chosen = ranking();
  const rows = latest?.movers[chosen] ?? [];
  const own = FIGURES[chosen];
  document.querySelector("#movers [data-column]").textContent = say(`column.${own ? chosen : "volume"}`);
  at("movers").hidden = rows.length === 0;
  at("movers-empty").hidden = rows.length > 0;
  movers.show(rows, (one) => one.code, (row, one) => {
    const [last, percent, figure] = row.querySelectorAll("td > span");
    last.textContent = price(one.last);
    last.className = one.limit ? `at-limit-${one.limit}` : tone(units(one.change));
    last.title = one.limit ? say(`limit.${one.limit}`) : "";
    percented(percent, one.percent);
    figure.textContent = own ? own(one) : count(Math.floor(one.volume / LOT));
    row.querySelector(".mark")?.remove();
    if (one.locked) row.querySelector("th > :first-child").append(badge(`locked_${one.limit}`));
  });
}

const sectors = new Kept(document.querySelector("#sectors tbody"), (one) => {
  const row = made("tr", "", { "data-sector": one.sector });
  const name = language === "zh" ? one.zh : one.en;
  const cell = made("th", "", { scope: "row" });
  const button = made("button", name, { type: "button", class: "quote-open", title: say("members_of", { name }) });
  button.append(made("span", "", { class: "sub" }));
  button.addEventListener("click", () => look(one.sector, name));
  cell.append(button);
  row.append(cell);
  return figures(row, 3);
});

function showSectors(lines) {
  const sorted = [...lines].sort((one, other) => Number(other.percent) - Number(one.percent));
  sectors.show(sorted, (one) => one.sector, (row, one) => {
    const [percent, ways, share] = row.querySelectorAll("td > span");
    percented(percent, one.percent);
    ways.textContent = `${one.advancing} / ${one.declining}`;
    share.textContent = `${one.share}%`;
    row.querySelector(".sub").textContent = one.leader ? say("leader", { code: one.leader }) : "";
  });
}

// --- watchlists, the industry looked at --------------------------------------------------------------------------------------

let lists = null;
let industries = null;

async function look(sector, name) {
  try {
    industries ??= (await ask("GET", "/sectors")).sectors;
  } catch (error) {
    toast("bad", told(error));
    return;
  }
  lists?.look(name, industries.find((one) => one.sector === sector)?.codes ?? []);
}

/** When what is shown was so; without a connection how long ago that is can be seen. */
function stamp() {
  const live = linkState() === "live";
  const time = latest?.market_time ? clockTime(latest.market_time) : "";
  for (const element of document.querySelectorAll("[data-stamp]")) element.textContent = time ? say(live ? "stamp.live" : "stamp.old", { time }) : "";
}

function showBoards({ data }) {
  if (!data) return;
  latest = data;
  showIndex(data.index, data.market_time);
  showBreadth(data);
  showMovers();
  showSectors(data.sectors);
  stamp();
}

async function start() {
  at("ranking").addEventListener("change", showMovers);
  showMovers();
  listen({ channel: "boards" }, showBoards);
  document.addEventListener("yunhai:link", stamp);
  const day = await market().catch(() => null);
  at("watch-closed").hidden = day !== null;
  lists = new Lists(day?.securities ?? [], open);
  await lists.load();
}

if (at("boards")) start();
