/** What stands in lists: the tape, one's own orders of the day, bookmarks, and the figures of a span. */

import { page } from "/static/pocket/page.js";
import { calls } from "/static/shell/js/calls.js";
import { count, money, price, tone, units } from "/static/shell/js/format.js";
import { at, clockOf, made, say } from "./parts.js";

const call = calls("/replay");
const TAPE_SHOWN = 40;

// --- tape ---------------------------------------------------------------------------------------------------------------

export class Tape {
  constructor(jump) {
    this.jump = jump;
    this.trades = []; // newest first
    this.rows = [];
    at("tape").tBodies[0].addEventListener("click", (event) => {
      const button = event.target.closest("button[data-position]");
      if (button) this.jump(Number(button.dataset.position));
    });
  }

  /** The trades of a state, newest first. */
  set(trades) {
    this.trades = trades.slice(0, TAPE_SHOWN);
  }

  /** The trades of an update, oldest first. */
  add(trades) {
    if (trades.length > 0) this.trades = [...trades.slice(-TAPE_SHOWN).reverse(), ...this.trades].slice(0, TAPE_SHOWN);
  }

  show({ several, own, amount, references }) {
    at("tape-none").hidden = this.trades.length > 0;
    at("tape").hidden = this.trades.length === 0;
    at("tape").classList.toggle("several", several);
    const [body] = at("tape").tBodies;
    while (this.rows.length < this.trades.length) this.rows.push(new TapeRow());
    this.trades.forEach((one, place) => this.rows[place].fill(one, own, amount, units(references.get(one.code) ?? "")));
    if (body.rows.length !== this.trades.length) body.replaceChildren(...this.rows.slice(0, this.trades.length).map((row) => row.element));
  }
}

/** A row of the tape, filled again and again: what stays the same is not touched. */
class TapeRow {
  constructor() {
    this.element = made("tr");
    this.when = made("button", "", { type: "button", class: "button plain little", title: say("to_moment") });
    this.code = made("td", "", { class: "of-code" });
    this.price = made("b");
    this.quantity = made("td", "", { class: "num" });
    this.side = made("td");
    const [when, price_] = [made("td"), made("td", "", { class: "num" })];
    when.append(this.when);
    price_.append(this.price);
    this.element.append(when, this.code, price_, this.quantity, this.side);
  }

  fill(one, own, amount, reference) {
    if (this.shown === one) return;
    this.shown = one;
    const mine = own.has(one.buyer) ? "buy" : own.has(one.seller) ? "sell" : "";
    const now = units(one.price);
    this.element.className = mine ? "own" : "";
    this.when.textContent = clockOf(one.time);
    this.when.dataset.position = one.position;
    this.code.textContent = one.code;
    this.price.textContent = price(one.price);
    this.price.className = now === null || !reference ? "flat" : tone(now - reference);
    this.quantity.textContent = amount(one.code, one.quantity);
    this.side.textContent = one.auction ? say("auction") : one.taker ? say(`taker.${one.taker}`) : "";
    this.side.className = one.auction ? "faint" : one.taker === "buy" ? "up" : one.taker === "sell" ? "down" : "";
    if (mine) this.side.append(" ", made("span", say(`my.${mine}`), { class: "badge note" }));
  }
}

// --- one's own orders -----------------------------------------------------------------------------------------------------

export class Mine {
  constructor(jump) {
    this.jump = jump;
    this.all = new Map(); // order -> as of the end of what is shown
    this.drawn = "";
  }

  set(own) {
    this.all = new Map(own.map((one) => [one.order, one]));
    this.drawn = "";
  }

  /** `own`: those that have come by the position, `now` its number. */
  show(own, amount) {
    const here = new Map(own.map((one) => [one.order, one]));
    const rows = [...this.all.values()].map((one) => [one, here.get(one.order) ?? null]);
    const drawn = JSON.stringify(rows.map(([one, now]) => [one.order, now && [now.state, now.filled, now.removed, now.ahead, now.price]]));
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    at("mine-none").hidden = rows.length > 0;
    at("mine-count").textContent = rows.length > 0 ? count(rows.length) : "";
    const focused = document.activeElement?.closest?.("[data-order]")?.dataset.order;
    at("mine").replaceChildren(...rows.map(([one, now]) => this.item(one, now, amount)));
    if (focused) at("mine").querySelector(`[data-order="${focused}"] button`)?.focus();
  }

  item(one, now, amount) {
    const item = made("li", "", { "data-order": one.order, class: now ? "" : "later" });
    const go = made("button", clockOf(one.entered), { type: "button", class: "button plain little", title: say("to_entry"), "aria-label": say("to_order", { order: one.order, time: clockOf(one.entered) }) });
    go.addEventListener("click", () => this.jump(one.order));
    const what = made("span", "", { class: "what" });
    what.append(made("span", say(one.side), { class: `badge ${one.side}` }), ` ${one.code} `, made("b", one.price ? price(one.price) : say("market")), ` × ${amount(one.code, one.quantity)}`);
    const state = made("span", this.state(one, now, amount), { class: "state-of small hush" });
    const card = made("a", say("card"), { href: `${page.card}${one.order}/`, class: "button plain little", "aria-label": say("card_of", { order: one.order }) });
    item.append(go, what, card, state);
    return item;
  }

  state(one, now, amount) {
    if (!now) return say("state.later");
    const places = { filled: amount(one.code, now.filled), all: amount(one.code, now.quantity), price: price(now.average), left: amount(one.code, now.quantity - now.filled - now.removed) };
    if (now.state === "resting") {
      const better = now.better ? ` ${say("state.better", { count: amount(one.code, now.better) })}` : "";
      return `${now.filled ? `${say("state.part", places)} · ` : ""}${say("state.resting", { ...places, ahead: amount(one.code, now.ahead), orders: count(now.orders_ahead) })}${better}`;
    }
    if (now.state === "gone") return now.filled ? say("state.gone_part", places) : say("state.gone");
    return say(`state.${now.state === "filled" ? "filled" : "in_hand"}`, places);
  }
}

// --- a span ---------------------------------------------------------------------------------------------------------------

/** The figures of a span, or of none. */
export function showSpan(span, amount) {
  at("span-none").hidden = Boolean(span);
  at("span-figures").hidden = !span;
  if (!span) return;
  const set = (name, text) => {
    document.querySelector(`[data-span="${name}"]`).textContent = text;
  };
  set("code", span.code);
  set("from", clockOf(span.begins));
  set("to", clockOf(span.ends));
  for (const side of ["bid", "ask"]) for (const which of ["best", "worst"]) set(`${side}-${which}`, span[side] ? price(span[side][which]) : "–");
  for (const name of ["open", "high", "low", "close", "vwap"]) set(name, price(span[name]));
  set("volume", amount(span.code, span.volume));
  set("trades", count(span.trades));
  set("value", span.value ? money(span.value.replace(/\.\d+$/, "")) : "–");
}

// --- bookmarks --------------------------------------------------------------------------------------------------------------

export class Bookmarks {
  /** `open(link)` opens one, `failed(error)` says what is refused, `changed()` when there are others. */
  constructor(open, failed, changed) {
    Object.assign(this, { open, failed, changed });
    this.all = [];
  }

  async load() {
    try {
      this.all = (await call("GET", "/bookmarks")).bookmarks;
    } catch (error) {
      this.failed(error);
    }
    this.show();
  }

  async keep(name, link, order) {
    const made_ = await call("POST", "/bookmarks", { name, link, ...(order ? { order } : {}) });
    this.all = [made_, ...this.all];
    this.show();
  }

  async remove(id) {
    try {
      await call("DELETE", `/bookmarks/${id}`);
      this.all = this.all.filter((one) => one.id !== id);
    } catch (error) {
      this.failed(error);
    }
    this.show();
  }

  show() {
    at("bookmarks-none").hidden = this.all.length > 0;
    at("bookmarks").replaceChildren(
      ...this.all.map((one) => {
        const item = made("li", "", { "data-bookmark": one.id });
        const open = made("button", one.name, { type: "button", class: "button plain little name" });
        open.addEventListener("click", () => this.open(one.link));
        const codes = new URLSearchParams(one.link).get("codes") ?? "";
        const remove = made("button", "×", { type: "button", class: "button plain little", "aria-label": say("remove_bookmark", { name: one.name }) });
        remove.addEventListener("click", () => this.remove(one.id));
        item.append(open, made("span", `${one.time.slice(0, 10)} ${clockOf(one.time, 3)} · ${codes}`, { class: "faint small grow" }), remove);
        return item;
      }),
    );
    this.changed();
  }
}
