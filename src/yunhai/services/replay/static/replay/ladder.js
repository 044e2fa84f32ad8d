/**
 * The book of one security: ten levels a side, and the queue at the price that is chosen.
 *
 * A level where one's own orders wait carries a mark; in the queue one's own stand out, with the shares ahead of each.
 */

import { count, price, tone, units } from "/static/shell/js/format.js";
import { Latest, at, made, say } from "./parts.js";

export const LEVELS = 10;
const QUEUE_SHOWN = 60;
const QUEUE_PAUSE_MS = 400;

export class Ladder {
  /** `ask(message)` asks the stream, `jump(order)` goes to an order's entry. */
  constructor(ask, jump) {
    this.ask = ask;
    this.jump = jump;
    this.chosen = null; // { side, price } of the queue that is open
    this.latest = new Latest();
    this.rows = Array.from({ length: LEVELS }, () => this.row());
    at("ladder").tBodies[0].replaceChildren(...this.rows.map((row) => row.element));
    at("queue-close").addEventListener("click", () => this.choose(null));
  }

  row() {
    const element = made("tr");
    const cell = (className) => {
      const made_ = made("td", "", { class: className });
      element.append(made_);
      return made_;
    };
    const side = (name) => {
      const button = made("button", "", { type: "button" });
      button.addEventListener("click", () => this.choose({ side: name, price: button.dataset.price }));
      return { button, quantity: made("span"), bar: made("progress", "", { max: "1", value: "0", "aria-hidden": "true" }), orders: null };
    };
    const buy = side("buy");
    const sell = side("sell");
    buy.orders = cell("orders-of bids");
    const left = cell("quantity bids");
    left.append(buy.bar, buy.quantity);
    cell("at").append(buy.button);
    cell("at").append(sell.button);
    const right = cell("quantity asks");
    right.append(sell.bar, sell.quantity);
    sell.orders = cell("orders-of asks");
    return { element, buy, sell };
  }

  /** `book` of a state, its `listing`, and one's own orders of the security. */
  show(book, listing, own) {
    this.code = book.code;
    this.listing = listing;
    this.own = own;
    const some = Boolean(book.bids);
    at("ladder-box").hidden = !some;
    at("no-book").hidden = some;
    at("queue").hidden = !some || !this.chosen;
    if (!some) return;
    const most = Math.max(1, ...book.bids.map((one) => one[1]), ...book.asks.map((one) => one[1]));
    const mine = new Map();
    for (const one of own) if (one.state === "resting") mine.set(`${one.side} ${one.price}`, [...(mine.get(`${one.side} ${one.price}`) ?? []), one]);
    this.rows.forEach((row, place) => {
      this.level(row.buy, "buy", book.bids[place], most, mine);
      this.level(row.sell, "sell", book.asks[place], most, mine);
    });
    if (this.chosen) this.queue();
  }

  level(cells, side, level, most, mine) {
    const { button, quantity, bar, orders } = cells;
    const [text = "", shares = 0, number = 0] = level ?? [];
    const own = level ? (mine.get(`${side} ${text}`) ?? []) : [];
    const reference = units(this.listing.reference);
    const found = units(text);
    const way = found === null || !reference ? "flat" : tone(found - reference);
    button.disabled = !level;
    button.dataset.price = text;
    button.className = `${way}${own.length > 0 ? " own" : ""}`;
    button.textContent = level ? (text ? price(text) : say("market")) : "–";
    button.setAttribute("aria-pressed", String(Boolean(level) && this.chosen?.side === side && this.chosen.price === text));
    if (level) button.setAttribute("aria-label", say(own.length > 0 ? "level_own" : "level", { side: say(side), price: text ? price(text) : say("market"), count: this.amount(shares), orders: number }));
    else button.removeAttribute("aria-label");
    quantity.textContent = level ? this.amount(shares) : "";
    orders.textContent = level ? count(number) : "";
    bar.value = level ? shares / most : 0;
  }

  /** Shares in the security's lots, where they are whole ones. */
  amount(shares) {
    const { lot } = this.listing;
    return lot > 1 && shares % lot === 0 ? count(shares / lot) : lot > 1 ? count((shares / lot).toFixed(3)) : count(shares);
  }

  // --- the queue at a price ----------------------------------------------------------------------------------------------

  choose(chosen) {
    const same = chosen && this.chosen && chosen.side === this.chosen.side && chosen.price === this.chosen.price;
    this.chosen = same ? null : chosen;
    at("queue").hidden = !this.chosen;
    for (const { buy, sell } of this.rows) {
      for (const [side, { button }] of [["buy", buy], ["sell", sell]]) {
        button.setAttribute("aria-pressed", String(!button.disabled && this.chosen?.side === side && this.chosen.price === button.dataset.price));
      }
    }
    if (this.chosen) this.queue();
  }

  queue() {
    const { chosen, code } = this;
    this.latest.run(async () => {
      const answer = await this.ask({ op: "queue", code, ...chosen }).catch(() => null);
      if (answer && this.chosen === chosen && this.code === code) this.queued(answer.orders);
      await new Promise((resolve) => setTimeout(resolve, QUEUE_PAUSE_MS));
    });
  }

  queued(orders) {
    const { side, price: text } = this.chosen;
    const own = new Set(this.own.map((one) => one.order));
    const shares = orders.reduce((sum, one) => sum + one.quantity, 0);
    at("queue-title").textContent = say("queue", { side: say(side), price: text ? price(text) : say("market") });
    at("queue-sum").textContent = say("queue_sum", { orders: count(orders.length), count: this.amount(shares) });
    const shown = orders.filter((one, place) => place < QUEUE_SHOWN || own.has(one.order));
    const place = new Map(orders.map((one, number) => [one.order, number + 1]));
    at("queue-list").replaceChildren(
      ...shown.map((one) => {
        const item = made("li", "", own.has(one.order) ? { class: "own" } : {});
        const button = made("button", `#${one.order}`, { type: "button", class: "button plain little mono", title: say("to_entry") });
        button.addEventListener("click", () => this.jump(one.order));
        item.append(made("span", String(place.get(one.order)), { class: "place faint" }), button, made("b", this.amount(one.quantity)));
        if (own.has(one.order)) item.append(made("span", say("mine"), { class: "badge note" }));
        item.append(made("span", say("ahead", { count: this.amount(one.ahead) }), { class: "ahead faint small" }));
        return item;
      }),
    );
    at("queue-more").textContent = orders.length > shown.length ? say("more", { count: count(orders.length - shown.length) }) : "";
    at("queue-none").hidden = orders.length > 0;
  }
}
