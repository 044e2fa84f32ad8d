/** Quotes, one security with its five levels, and the ticket. */

import { COLUMNS, QuoteRows, badge, flash, markOf, priced, shownPrice } from "/static/quotes/rows.js";
import { showSides } from "/static/quotes/sides.js";
import { made } from "/static/shell/js/elements.js";
import { change, count, price } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market } from "/static/shell/js/trade.js";
import { word } from "/static/shell/js/words.js";
import { Finder } from "./finder.js";
import { OrdersTable } from "./orders.js";
import { page, watchAccount } from "./page.js";
import { Ticket } from "./ticket.js";
import { Watchlist } from "./watchlist.js";

const LEVELS = 5;

// --- the list --------------------------------------------------------------------------------------------------------

class List {
  constructor(day) {
    this.watched = new Watchlist(day.securities);
    const securities = new Map(day.securities.map((one) => [one.code, one]));
    this.rows = new QuoteRows(document.getElementById("watch"), securities, {
      open: ({ code, name }) => made("a", name, { href: `${page.security}${code}/`, ...(code === page.code && { "aria-current": "page" }) }),
      remove: async (code) => {
        await this.watched.remove(code);
        this.draw();
      },
    });
    new Finder(document.getElementById("find"), document.getElementById("found"), day.securities, (code) => this.chosen(code));
    this.watched.load(page.account).then(() => this.draw());
  }

  async chosen(code) {
    await this.watched.add(code);
    location.assign(`${page.security}${code}/`);
  }

  draw() {
    const { codes } = this.watched;
    document.getElementById("watch-wait").hidden = true;
    this.rows.table.hidden = codes.length === 0;
    document.getElementById("watch-empty").hidden = codes.length > 0;
    this.rows.show(codes);
    this.rows.rows.get(page.code)?.row.classList.add("chosen");
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
        if (quote) priced(button, at, quote);
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
    priced(last, now, quote);
    last.classList.add("big");
    flash(last, this.shown, now);
    this.shown = now;
    const moved = change(now, this.security.reference);
    const element = this.field("change");
    element.className = moved ? `${moved.tone} ${moved.tone}-mark` : "";
    element.textContent = moved ? `${moved.amount} (${moved.percent})` : "";
    for (const cell of this.card.querySelectorAll("[data-quote]")) COLUMNS[cell.dataset.quote].put(cell, quote, this.security);
    showSides(this.card, quote, this.security);
    this.field("mark").replaceChildren(...[badge(markOf(quote))].filter(Boolean));
    this.set("trial", quote.trial?.price ? word("mark.trial_price", { price: price(quote.trial.price) }) : "");
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
