/** Quotes, one security with its five levels, and the ticket. */

import { change, count, price, tone, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market } from "/static/shell/js/trade.js";
import { word } from "/static/shell/js/words.js";
import { addChartLink } from "./chart_link.js";
import { Finder } from "./finder.js";
import { OrdersTable } from "./orders.js";
import { page, watchAccount } from "./page.js";
import { Ticket } from "./ticket.js";
import { Watchlist } from "./watchlist.js";

const LEVELS = 5;

/** A price cell with its colour against the reference, marked where it is the limit. */
function priced(element, value, security, { mark = false } = {}) {
  const now = units(value);
  const reference = units(security.reference);
  element.classList.remove("up", "down", "flat", "at-limit-up", "at-limit-down");
  element.textContent = price(value);
  if (now === null) return;
  if (mark && value && now === units(security.limit_up)) element.classList.add("at-limit-up");
  else if (mark && value && now === units(security.limit_down)) element.classList.add("at-limit-down");
  else element.classList.add(reference === null ? "flat" : tone(now - reference));
}

function flash(element, before, now) {
  const old = units(before);
  const fresh = units(now);
  if (old === null || fresh === null || old === fresh) return;
  element.classList.remove("flash-up", "flash-down");
  void element.offsetWidth;
  element.classList.add(fresh > old ? "flash-up" : "flash-down");
}

/** What a book shows as its price: the last trade, or the trial match while an auction collects and nothing has traded. */
const shownPrice = (quote) => quote.last || quote.trial?.price || "";

// --- the list --------------------------------------------------------------------------------------------------------

class List {
  constructor(day) {
    this.day = day;
    this.securities = new Map(day.securities.map((one) => [one.code, one]));
    this.watched = new Watchlist(day.securities);
    this.table = document.getElementById("watch");
    this.body = this.table.querySelector("tbody");
    this.rows = new Map();
    this.end = () => {};
    new Finder(document.getElementById("find"), document.getElementById("found"), day.securities, (code) => this.chosen(code));
    this.watched.load(page.account).then(() => this.draw());
  }

  async chosen(code) {
    await this.watched.add(code);
    location.assign(`${page.security}${code}/`);
  }

  draw() {
    document.getElementById("watch-wait").hidden = true;
    this.table.hidden = this.watched.codes.length === 0;
    document.getElementById("watch-empty").hidden = this.watched.codes.length > 0;
    this.rows.clear();
    this.body.replaceChildren(...this.watched.codes.map((code) => this.row(this.securities.get(code))));
    this.end();
    if (this.watched.codes.length > 0) this.end = watchQuotes(this.watched.codes, (quote) => quote.segment === "board" && this.show(quote));
  }

  row(security) {
    const row = document.createElement("tr");
    row.dataset.code = security.code;
    if (security.code === page.code) row.className = "chosen";
    const head = document.createElement("th");
    head.scope = "row";
    const link = document.createElement("a");
    link.href = `${page.security}${security.code}/`;
    if (security.code === page.code) link.setAttribute("aria-current", "page");
    link.append(security.name || security.code);
    const sub = document.createElement("span");
    sub.className = "sub";
    sub.textContent = security.code;
    link.append(sub);
    head.append(link);
    addChartLink(head, security.code);
    row.append(head);
    const cells = {};
    for (const name of ["last", "change", "bid", "ask", "volume"]) {
      const cell = document.createElement("td");
      cell.className = ["bid", "ask", "volume"].includes(name) ? "num list-only" : "num";
      cell.textContent = "–";
      const inside = document.createElement("span");
      inside.textContent = "–";
      cell.replaceChildren(inside);
      cells[name] = inside;
      row.append(cell);
    }
    const last = document.createElement("td");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "button plain little remove";
    remove.textContent = "×";
    remove.setAttribute("aria-label", word("watch.remove", { code: security.code }));
    remove.addEventListener("click", async () => {
      await this.watched.remove(security.code);
      this.draw();
    });
    last.append(remove);
    row.append(last);
    this.rows.set(security.code, { row, cells, security, shown: "" });
    return row;
  }

  show(quote) {
    const line = this.rows.get(quote.code);
    if (!line) return;
    const now = shownPrice(quote);
    priced(line.cells.last, now, line.security, { mark: true });
    flash(line.cells.last.parentElement, line.shown, now);
    line.shown = now;
    const moved = change(now, line.security.reference);
    line.cells.change.className = moved ? `${moved.tone} ${moved.tone}-mark` : "flat";
    line.cells.change.textContent = moved ? moved.percent : "–";
    priced(line.cells.bid, quote.bids[0]?.[0] ?? "", line.security);
    priced(line.cells.ask, quote.asks[0]?.[0] ?? "", line.security);
    line.cells.volume.textContent = count(Math.floor(quote.volume / line.security.lot));
    line.row.classList.toggle("on-trial", Boolean(quote.trial));
    const trial = [...this.rows.values()].some((one) => one.row.classList.contains("on-trial"));
    document.getElementById("trial-note").hidden = !trial;
  }
}

// --- one security ----------------------------------------------------------------------------------------------------

class Detail {
  constructor(security) {
    this.security = security;
    this.quotes = new Map();
    this.card = document.querySelector(".security");
    const set = (name, text) => this.set(name, text);
    set("name", security.name || security.code);
    set("kind", word(`kind.${security.kind}`));
    set("reference", price(security.reference));
    set("limit_up", price(security.limit_up));
    set("limit_down", price(security.limit_down));
    this.field("suspended").hidden = !security.suspended;
    this.levels();
    this.ticket = new Ticket(document.getElementById("ticket"), security);
    this.ticket.form.addEventListener("change", () => this.draw());
    watchAccount((state) => {
      const held = state.positions.find((one) => one.code === security.code);
      set("held", held ? count(held.free + held.reserved) : "0");
    });
    watchQuotes([security.code], (quote) => {
      this.quotes.set(quote.segment, quote);
      this.draw();
    });
    this.draw();
  }

  field(name) {
    return this.card.querySelector(`[data-field="${name}"]`);
  }

  set(name, text) {
    const element = this.field(name);
    if (element) element.textContent = text;
  }

  levels() {
    const body = document.querySelector("#levels tbody");
    this.cells = [];
    for (let place = 0; place < LEVELS; place += 1) {
      const row = document.createElement("tr");
      const line = {};
      for (const name of ["bids-count", "bids", "asks", "asks-count"]) {
        const cell = document.createElement("td");
        cell.className = name.endsWith("count") ? `quantity ${name.slice(0, 4)}` : "at";
        if (name.endsWith("count")) {
          const bar = document.createElement("progress");
          bar.max = 1;
          bar.value = 0;
          bar.setAttribute("aria-hidden", "true");
          const text = document.createElement("span");
          cell.append(bar, text);
          line[name] = { bar, text };
        } else {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = "–";
          button.disabled = true;
          button.addEventListener("click", () => this.ticket.setPrice(button.dataset.value));
          cell.append(button);
          line[name] = button;
        }
        row.append(cell);
      }
      this.cells.push(line);
      body.append(row);
    }
  }

  draw() {
    const odd = this.ticket.get("segment") === "odd_lot";
    const board = this.quotes.get("board");
    const quote = odd ? (this.quotes.get("odd_lot") ?? null) : board;
    this.set("levels-unit", word(odd ? "levels.shares" : "levels.lots"));
    this.head(board);
    const lot = odd ? 1 : this.security.lot;
    const most = Math.max(1, ...(quote?.bids ?? []).map((row) => row[1]), ...(quote?.asks ?? []).map((row) => row[1]));
    for (const [place, line] of this.cells.entries()) {
      for (const side of ["bids", "asks"]) {
        const [at, shares] = quote?.[side][place] ?? ["", 0];
        const button = line[side];
        button.disabled = !at;
        button.dataset.value = at;
        priced(button, at, this.security, { mark: true });
        const { bar, text } = line[`${side}-count`];
        text.textContent = shares ? count(Math.floor(shares / lot)) : "";
        bar.max = most;
        bar.value = shares;
      }
    }
  }

  head(quote) {
    if (!quote) return;
    const now = shownPrice(quote);
    const last = this.field("last");
    priced(last, now, this.security, { mark: true });
    flash(last, this.shown, now);
    this.shown = now;
    const moved = change(now, this.security.reference);
    const element = this.field("change");
    element.className = moved ? `${moved.tone} ${moved.tone}-mark` : "";
    element.textContent = moved ? `${moved.amount} (${moved.percent})` : "";
    for (const name of ["open", "high", "low"]) priced(this.field(name), quote[name], this.security);
    this.set("volume", `${count(Math.floor(quote.volume / this.security.lot))}`);
    this.field("trial").hidden = !quote.trial;
    const phase = this.field("phase");
    phase.hidden = !quote.phase;
    phase.textContent = word(`phase.${quote.phase}`);
    if (now) document.title = `${price(now)} ${this.security.name} ${page.code} · 雲海`;
  }
}

async function start() {
  let day;
  try {
    day = await market();
  } catch {
    document.getElementById("watch-wait").hidden = true;
    document.getElementById("watch-closed").hidden = false;
    return;
  }
  new List(day);
  if (!page.code) return;
  const security = day.securities.find((one) => one.code === page.code);
  if (!security) {
    location.replace(page.home);
    return;
  }
  new Detail(security);
  new OrdersTable(document.querySelector("#mine [data-orders]"), { wanted: (order) => order.code === page.code });
}

if (page.account) start();
