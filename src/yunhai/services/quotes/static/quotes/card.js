/** One security's book beside the boards: five levels, both sides of its trades, the day's figures. */

import { page } from "/static/pocket/page.js";
import { at, made } from "/static/shell/js/elements.js";
import { count, price } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market } from "/static/shell/js/trade.js";
import { word } from "/static/shell/js/words.js";
import { COLUMNS, badge, markOf, priced } from "./rows.js";
import { showSides } from "./sides.js";

const LEVELS = 5;

export class QuoteCard {
  constructor(box) {
    this.box = box;
    this.code = "";
    this.end = () => {};
    this.levels = [];
    for (let place = 0; place < LEVELS; place += 1) this.levels.push(this.level());
    box.querySelector("[data-close]").addEventListener("click", () => this.hide());
    box.addEventListener("keydown", (event) => event.key === "Escape" && this.hide());
  }

  level() {
    const row = made("tr");
    const line = {};
    for (const name of ["bids-count", "bids", "asks", "asks-count"]) {
      const counts = name.endsWith("count");
      const cell = made("td", "", { class: counts ? `quantity ${name.slice(0, 4)}` : "at num" });
      line[name] = made("span");
      if (counts) {
        line[`${name}-bar`] = made("progress", "", { max: 1, value: 0, "aria-hidden": "true" });
        cell.append(line[`${name}-bar`]);
      }
      cell.append(line[name]);
      row.append(cell);
    }
    this.box.querySelector("tbody").append(row);
    return line;
  }

  set(name, text) {
    this.box.querySelector(`[data-card="${name}"]`).textContent = text;
  }

  async show(code) {
    this.end();
    this.code = code;
    this.box.hidden = false;
    for (const row of document.querySelectorAll("tr[data-code]")) row.classList.toggle("chosen", row.dataset.code === code);
    const day = await market().catch(() => null);
    if (this.code !== code) return;
    const security = day?.securities.find((one) => one.code === code) ?? { lot: 1000, name: "" };
    this.set("name", security.name || code);
    this.set("code", code);
    const ticket = this.box.querySelector("[data-ticket]");
    if (ticket) ticket.href = `${page.ticket}?code=${code}`;
    this.end = watchQuotes([code], (quote) => quote.segment === "board" && this.quoted(quote, security));
    if (this.box.getBoundingClientRect().top > innerHeight) this.box.scrollIntoView({ block: "nearest" });
  }

  quoted(quote, security) {
    for (const cell of this.box.querySelectorAll("[data-quote]")) COLUMNS[cell.dataset.quote].put(cell, quote, security);
    for (const name of ["limit_up", "limit_down"]) this.set(name, price(quote.raw[name]));
    this.set("trades", count(quote.raw.trades));
    this.set("trial", quote.trial?.price ? word("mark.trial_price", { price: price(quote.trial.price) }) : "");
    this.set("phase", word(`phase.${quote.phase}`));
    at("quote-card-mark").replaceChildren(...[badge(markOf(quote))].filter(Boolean));
    const most = Math.max(1, ...quote.bids.map((row) => row[1]), ...quote.asks.map((row) => row[1]));
    for (const [place, line] of this.levels.entries()) {
      for (const side of ["bids", "asks"]) {
        const [value, shares] = quote[side][place] ?? ["", 0];
        priced(line[side], value, quote);
        line[`${side}-count`].textContent = shares ? count(Math.floor(shares / security.lot)) : "";
        line[`${side}-count-bar`].max = most;
        line[`${side}-count-bar`].value = shares;
      }
    }
    showSides(this.box, quote, security);
  }

  /** Away, and back to where one was. */
  hide() {
    this.end();
    this.box.hidden = true;
    document.querySelector(`#watch tr[data-code="${this.code}"] .open, [data-opens="${this.code}"]`)?.focus();
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    this.code = "";
  }
}
