/**
 * A table of quotes, live: a row per security, a cell per column that the head names (`th[data-column]`), sorted by any of them.
 *
 * Prices are coloured against the reference and filled where they are the day's limit; marks behind the name say what keeps a book
 * from trading as usual. Sorted rows are put in order again at most once a second, and a focus goes with its row.
 */

import { addChartLink } from "/static/pocket/chart_link.js";
import { made } from "/static/shell/js/elements.js";
import { change, clockTime, count, plain, price, tone, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { word } from "/static/shell/js/words.js";

const AGAIN_MS = 1000;
const TENTH_MILLION = 100_000n * 10_000n;
const LIMITS = ["up", "down"];
const UNLISTED = { lot: 1000 }; // of the day before, while none is open

/** What a book shows as its price: the last trade, or the trial match while an auction collects and nothing has traded. */
export const shownPrice = (quote) => quote.last || quote.trial?.price || "";

/** A part in hundredths of a percent of a whole, rounded half up; null of nothing. */
const ratio = (part, whole) => (whole > 0n ? (part * 20_000n + whole) / (whole * 2n) : null);
export const percentText = (hundredths) => (hundredths === null ? "–" : `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}%`);

/** 均價: what was paid for a share on average, in units; null before the first trade. */
const average = (quote) => (quote.volume ? (units(quote.raw.value) ?? 0n) / BigInt(quote.volume) : null);
const amplitude = (quote) => (quote.high ? ratio(units(quote.high) - units(quote.low), units(quote.reference) ?? 0n) : null);
/** 外盤比: of what was taken from one side of the book, the part that buyers took. */
export const outsideShare = ({ raw }) => ratio(BigInt(raw.outside ?? 0), BigInt((raw.outside ?? 0) + (raw.inside ?? 0)));
const lots = (shares, { lot }) => Math.floor(shares / lot);
const moved = (quote) => {
  const [now, before] = [units(shownPrice(quote)), units(quote.reference)];
  return now === null || before === null ? null : now - before;
};

/** A price with its colour, or its mark where it is the day's limit. */
export function priced(element, value, quote) {
  const limit = LIMITS.find((way) => value && value === quote.raw[`limit_${way}`]);
  const [now, reference] = [units(value), units(quote.reference)];
  element.className = limit ? `at-limit-${limit}` : now === null || reference === null ? "flat" : tone(now - reference);
  element.textContent = price(value);
}

/** A short light behind a price that has moved. */
export function flash(element, before, now) {
  const [old, fresh] = [units(before), units(now)];
  if (old === null || fresh === null || old === fresh) return;
  element.classList.remove("flash-up", "flash-down");
  void element.offsetWidth;
  element.classList.add(fresh > old ? "flash-up" : "flash-down");
}

function changed(element, quote, part) {
  const found = change(shownPrice(quote), quote.reference);
  element.className = found ? `${found.tone} ${found.tone}-mark` : "flat";
  element.textContent = found ? found[part] : "–";
}

/** A column: `by` what it is sorted by (null: last), `put` fills its cell. */
const pricesOf = (name) => ({ by: (quote) => units(quote[name]), put: (cell, quote) => priced(cell, quote[name], quote) });
const bestOf = (side) => ({ by: (quote) => units(quote[side][0]?.[0]), put: (cell, quote) => priced(cell, quote[side][0]?.[0] ?? "", quote) });
const figureOf = (by, text) => ({ by, put: (cell, quote, security) => void (cell.textContent = text(by(quote, security))) });

export const COLUMNS = {
  last: { by: (quote) => units(shownPrice(quote)), put: (cell, quote) => priced(cell, shownPrice(quote), quote) },
  change: { by: moved, put: (cell, quote) => changed(cell, quote, "amount") },
  percent: { by: (quote) => { const by = moved(quote); return by === null ? null : (by * 1_000_000n) / (units(quote.reference) || 1n); }, put: (cell, quote) => changed(cell, quote, "percent") },
  quantity: figureOf((quote, security) => (quote.last ? lots(quote.raw.last_quantity ?? 0, security) : null), count),
  volume: figureOf((quote, security) => lots(quote.volume, security), count),
  bid: bestOf("bids"),
  ask: bestOf("asks"),
  open: pricesOf("open"),
  high: pricesOf("high"),
  low: pricesOf("low"),
  reference: figureOf((quote) => units(quote.reference), price),
  average: { by: average, put: (cell, quote) => priced(cell, average(quote) === null ? "" : plain((average(quote) / 100n) * 100n), quote) },
  amplitude: figureOf(amplitude, percentText),
  outside: figureOf(outsideShare, percentText),
  value: figureOf((quote) => (units(quote.raw.value) ?? 0n) / TENTH_MILLION, (tenths) => `${count(tenths / 10n)}.${tenths % 10n}`),
  time: figureOf((quote) => quote.raw.last_time || null, (time) => (time ? clockTime(time) : "–")),
};

/** What keeps a book from trading as usual, "" of nothing: halted | interrupted | locked_up | locked_down | trial. */
export function markOf(quote) {
  const { raw, bids, asks } = quote;
  if (raw.halted) return "halted";
  if (quote.phase === "halted") return "interrupted";
  if (quote.phase === "continuous" && raw.last_limit === "up" && raw.bid_limit === "up" && asks.length === 0) return "locked_up";
  if (quote.phase === "continuous" && raw.last_limit === "down" && raw.ask_limit === "down" && bids.length === 0) return "locked_down";
  return quote.trial ? "trial" : "";
}

/** Puts rows in a body, in their order; only those that stand elsewhere move, and a focus stays where it was. */
export function placed(body, rows) {
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const wanted = new Set(rows);
  for (const row of [...body.rows]) if (!wanted.has(row)) row.remove();
  rows.forEach((row, place) => body.rows[place] !== row && body.insertBefore(row, body.rows[place] ?? null));
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

const MARKS = { halted: "bad", interrupted: "bad", locked_up: "at-limit-up", locked_down: "at-limit-down", trial: "wait" };

/** A mark as a badge; null of none. */
export const badge = (mark) => (mark ? made("span", word(`mark.${mark}`), { class: `badge mark ${MARKS[mark]}` }) : null);

export class QuoteRows {
  /** `open(security)` makes what stands at the head of a row: a link or a button; `remove(code)` takes one off. */
  constructor(table, securities, { open, remove }) {
    this.table = table;
    this.securities = securities;
    this.open = open;
    this.remove = remove;
    this.rows = new Map();
    this.codes = [];
    this.order = null;
    this.timer = 0;
    this.end = () => {};
    this.heads = [...table.tHead.querySelectorAll("[data-column]")];
    for (const head of this.heads) this.sorts(head);
  }

  sorts(head) {
    const name = head.textContent.trim();
    const button = made("button", "", { type: "button", title: word("watch.sort", { name }) });
    button.append(...head.childNodes);
    button.addEventListener("click", () => this.sortBy(head.dataset.column));
    head.replaceChildren(button);
  }

  /** Largest first, then smallest first, then as the list has them. */
  sortBy(key) {
    const ways = { "-1": 1, 1: 0 };
    const way = this.order?.key === key ? ways[this.order.way] : key === "code" ? 1 : -1;
    this.order = way ? { key, way } : null;
    for (const head of this.heads) {
      const here = this.order?.key === head.dataset.column;
      if (here) head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    this.arrange();
  }

  /** Other rows: quotes of these codes, in their order. */
  show(codes, { removable = true } = {}) {
    const focused = this.table.tBodies[0].contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? [...this.rows.keys()].indexOf(focused.closest("tr").dataset.code) : -1;
    const kind = focused?.matches(".remove") ? ".remove" : ".open";
    this.codes = codes;
    this.rows = new Map(codes.map((code) => [code, this.made(code, removable)]));
    this.arrange();
    if (focused) [...this.rows.values()][Math.min(place, codes.length - 1)]?.row.querySelector(kind)?.focus();
    this.end();
    this.end = codes.length > 0 ? watchQuotes(codes, (quote) => quote.segment === "board" && this.quoted(quote)) : () => {};
  }

  made(code, removable) {
    const security = this.securities.get(code);
    const row = made("tr", "", { "data-code": code });
    const head = made("th", "", { scope: "row" });
    const opens = this.open({ code, name: security?.name || code });
    opens.classList.add("open");
    opens.append(made("span", code, { class: "sub" }));
    head.append(opens);
    addChartLink(head, code);
    row.append(head);
    const cells = {};
    for (const { dataset } of this.heads) {
      if (dataset.column === "code") continue;
      const cell = made("td", "", { class: "num" });
      cells[dataset.column] = made("span", security ? "–" : dataset.column === "last" ? (this.securities.size ? word("watch.not_today") : "–") : "");
      cell.append(cells[dataset.column]);
      row.append(cell);
    }
    const last = made("td");
    if (removable) {
      const button = made("button", "×", { type: "button", class: "button plain little remove", "aria-label": word("watch.remove", { code }) });
      button.addEventListener("click", () => this.remove(code));
      last.append(button);
    }
    row.append(last);
    return { row, cells, security, opens, quote: null };
  }

  quoted(quote) {
    const line = this.rows.get(quote.code);
    if (!line) return;
    const before = line.quote ? shownPrice(line.quote) : "";
    line.quote = quote;
    for (const [name, cell] of Object.entries(line.cells)) COLUMNS[name].put(cell, quote, line.security ?? UNLISTED);
    flash(line.cells.last.parentElement, before, shownPrice(quote));
    if (quote.last && quote.trial?.price) line.cells.last.append(made("span", word("mark.trial_price", { price: price(quote.trial.price) }), { class: "sub trial-price" }));
    line.opens.querySelector(".mark")?.remove();
    const mark = badge(markOf(quote));
    if (mark) line.opens.append(mark);
    if (this.order && !this.timer) this.timer = setTimeout(() => this.arrange(), AGAIN_MS);
  }

  arranged() {
    if (!this.order) return this.codes;
    const { key, way } = this.order;
    const by = (code) => {
      if (key === "code") return code;
      const { quote, security } = this.rows.get(code);
      return quote ? COLUMNS[key].by(quote, security ?? UNLISTED) : null;
    };
    const worth = new Map(this.codes.map((code) => [code, by(code)]));
    return [...this.codes].sort((one, other) => {
      const [a, b] = [worth.get(one), worth.get(other)];
      if (a === b) return one < other ? -1 : 1;
      if (a === null) return 1;
      if (b === null) return -1;
      return (a < b ? -1 : 1) * way;
    });
  }

  arrange() {
    clearTimeout(this.timer);
    this.timer = 0;
    placed(this.table.tBodies[0], this.arranged().map((code) => this.rows.get(code).row));
  }
}
