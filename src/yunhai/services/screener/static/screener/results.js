/** What a screen found: a table that sorts by any column, the reasons beside, and stocks to be chosen for a watchlist. */

import { page } from "/static/pocket/page.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { MOST, change, load, make } from "/static/quotes/watchlists.js";
import { at, figure, made, own, say, unitName } from "./parts.js";

const FIRST = 200;
const LOT = 1000;

/** The columns: a heading, how a stock's value is sorted by and shown. */
function columnsOf(answer) {
  const fixed = [
    { key: "security", head: say("security"), by: (one) => one.code, cell: null },
    { key: "close", head: say("close"), by: (one) => one.close, unit: "NT$" },
    { key: "change", head: say("change"), by: (one) => one.change, unit: "%", toned: true },
    { key: "volume", head: say("volume"), by: (one) => (one.volume === null ? null : Math.floor(one.volume / LOT)), unit: "lots" },
  ];
  const seen = new Set(["close", "change"]);
  const sides = answer.conditions.flatMap((condition, place) =>
    condition.sides.flatMap((side, number) => {
      if (seen.has(side.text)) return [];
      seen.add(side.text);
      return [{ key: side.text, head: own(side), under: unitName(side.unit), by: (one) => one.values[place][number], unit: side.unit }];
    }),
  );
  return [...fixed, ...sides];
}

export class Results {
  constructor() {
    this.answer = null;
    this.chosen = new Set();
    this.all = false;
    at("more").querySelector("button").addEventListener("click", () => {
      this.all = true;
      this.rows();
    });
    at("watch").addEventListener("click", () => this.watch());
    at("watch-list").addEventListener("change", () => this.named());
    at("watch-dialog").querySelector("form").addEventListener("submit", (event) => this.add(event));
  }

  show(answer) {
    this.answer = answer;
    this.chosen.clear();
    this.all = false;
    this.columns = columnsOf(answer);
    this.order = { key: "security", way: 1 };
    const none = answer.date === "";
    at("empty").hidden = !(none && answer.empty);
    at("result").hidden = none && answer.empty;
    if (none && answer.empty) return this.why();
    at("result-title").textContent = none ? say("nothing") : say("found", { found: answer.found.toLocaleString("en-US"), stocks: answer.stocks.toLocaleString("en-US"), date: answer.date });
    at("took").textContent = none ? "" : say("took", { rows: answer.rows.toLocaleString("en-US"), seconds: (answer.milliseconds / 1000).toFixed(2) });
    this.notes();
    this.heads();
    this.rows();
    this.why();
    at("result-title").focus({ preventScroll: true });
  }

  notes() {
    const { answer } = this;
    const notes = [];
    const note = (tone, text) => {
      const box = made("div", "", { class: `notice ${tone}` });
      box.append(made("p", text));
      notes.push(box);
    };
    if (!answer.date) note("wait", say("before", { date: at("data").dataset.bars || "–" }));
    for (const one of answer.columns) {
      if (one.known === 0) note("wait", one.latest ? say("missing", { name: own(one), date: answer.date, latest: one.latest }) : say("missing_all", { name: own(one) }));
      else if (one.known < answer.stocks) notes.push(made("p", say("partly", { name: own(one), known: one.known.toLocaleString("en-US"), stocks: answer.stocks.toLocaleString("en-US") }), { class: "small faint" }));
    }
    if (answer.absent > 0) notes.push(made("p", say("absent", { count: answer.absent.toLocaleString("en-US") }), { class: "small faint" }));
    at("notes").replaceChildren(...notes);
  }

  heads() {
    const row = made("tr");
    const box = made("input", "", { type: "checkbox", "aria-label": say("choose_all") });
    box.addEventListener("change", () => {
      for (const one of this.sorted().slice(0, this.all ? undefined : FIRST)) {
        if (box.checked) this.chosen.add(one.code);
        else this.chosen.delete(one.code);
      }
      this.rows();
    });
    const first = made("th", "", { scope: "col" });
    first.append(box);
    row.append(first);
    for (const column of this.columns) {
      const head = made("th", "", { scope: "col", class: column.key === "security" ? "" : "num", "data-column": column.key });
      const button = made("button", column.head, { type: "button", title: say("sort", { name: column.head }) });
      if (column.under) button.append(made("span", ` ${column.under}`, { class: "faint small" }));
      button.addEventListener("click", () => {
        const same = this.order.key === column.key;
        this.order = { key: column.key, way: same ? -this.order.way : column.key === "security" ? 1 : -1 };
        this.rows();
      });
      head.append(button);
      row.append(head);
    }
    at("table").tHead.replaceChildren(row);
  }

  /** Stocks without a value last, whichever way. */
  sorted() {
    const { by } = this.columns.find((column) => column.key === this.order.key);
    const { way } = this.order;
    return [...this.answer.matches].sort((one, other) => {
      const [a, b] = [by(one), by(other)];
      if (a === b) return one.code < other.code ? -1 : 1;
      if (a === null) return 1;
      if (b === null) return -1;
      return (a < b ? -1 : 1) * way;
    });
  }

  rows() {
    for (const head of at("table").tHead.querySelectorAll("[data-column]")) {
      const { key, way } = this.order;
      if (head.dataset.column === key) head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    const every = this.sorted();
    const shown = this.all ? every : every.slice(0, FIRST);
    at("table").tBodies[0].replaceChildren(...shown.map((one) => this.row(one)));
    at("table").hidden = every.length === 0;
    at("result-tools").hidden = every.length === 0;
    at("more").hidden = shown.length === every.length;
    at("more").querySelector("button").textContent = say("more", { count: every.length.toLocaleString("en-US") });
    at("nothing").hidden = every.length > 0 || !this.answer.date;
    const state = made("div", "", { class: "state little" });
    state.append(made("h3", say("nothing")), made("p", say("nothing_text")));
    at("nothing").replaceChildren(state);
    this.counted();
  }

  row(one) {
    const row = made("tr", "", { "data-code": one.code });
    const box = made("input", "", { type: "checkbox", "aria-label": say("choose", { code: one.code }) });
    box.checked = this.chosen.has(one.code);
    box.addEventListener("change", () => {
      if (box.checked) this.chosen.add(one.code);
      else this.chosen.delete(one.code);
      this.counted();
    });
    const first = made("td");
    first.append(box);
    const head = made("th", "", { scope: "row" });
    const link = made("a", one.name || one.code, { href: `${page.chart}${one.code}/` });
    if (one.name) link.append(" ", made("span", one.code, { class: "faint small" }));
    head.append(link);
    row.append(first, head);
    for (const column of this.columns.slice(1)) {
      const value = column.by(one);
      const cell = made("td", "", { class: "num" });
      const way = column.toned && value ? (value > 0 ? "up" : "down") : "";
      cell.append(made("span", figure(way ? Math.abs(value) : value, column.unit), way ? { class: `${way} ${way}-mark` } : {}));
      row.append(cell);
    }
    return row;
  }

  /** The stocks that were asked about: condition by condition. */
  why() {
    const { answer } = this;
    const parts = answer.explained.map((one) => {
      const box = made("div", "", { "data-why": one.code });
      const head = made("h3", `${one.name} ${one.code} `.trim());
      const inside = one.holds.every(Boolean);
      head.append(" ", made("span", say(inside ? "in" : "out"), { class: `badge ${inside ? "note" : ""}` }));
      const list = made("ul", "", { class: "screener-why" });
      for (const [place, condition] of answer.conditions.entries()) {
        const values = condition.sides.map((side, number) => `${own(side)} ${figure(one.values[place][number], side.unit)} ${unitName(side.unit)}`.trim()).join(" · ");
        const item = made("li", `${one.holds[place] ? "✓" : "✗"} ${own(condition)}`);
        item.append(made("span", ` — ${say(one.holds[place] ? "holds" : "fails")}: ${values}`, { class: "faint small" }));
        list.append(item);
      }
      box.append(head, list);
      return box;
    });
    if (answer.date) parts.push(...answer.unlisted.map((code) => made("p", say("unlisted", { code }))));
    at("why-body").replaceChildren(...parts);
    at("why").hidden = parts.length === 0;
  }

  // --- to a watchlist -----------------------------------------------------------------------------------------------------

  counted() {
    at("chosen-count").textContent = this.chosen.size ? say("chosen", { count: this.chosen.size }) : "";
    at("watch").disabled = this.chosen.size === 0;
  }

  async watch() {
    try {
      this.lists = await load(page.account);
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
      return;
    }
    at("watch-list").replaceChildren(...this.lists.map((list) => made("option", list.name, { value: list.id })), made("option", say("new_list"), { value: "" }));
    at("watch-wrong").hidden = true;
    this.named();
    at("watch-dialog").showModal();
  }

  named() {
    at("watch-name-field").hidden = at("watch-list").value !== "";
    at("watch-name").required = at("watch-list").value === "";
  }

  async add(event) {
    event.preventDefault();
    const list = this.lists.find((one) => String(one.id) === at("watch-list").value);
    const before = list?.codes ?? [];
    const codes = [...new Set([...before, ...this.chosen])];
    try {
      if (codes.length > MOST) throw Object.assign(new Error(), { text: say("list_full", { most: MOST }) });
      const kept = list ? await change(list.id, { codes }) : await make(at("watch-name").value.trim(), codes);
      toast("good", say("list_added", { count: codes.length - before.length, name: kept.name }));
      at("watch-dialog").close();
    } catch (error) {
      at("watch-wrong").textContent = error.text ?? told(error);
      at("watch-wrong").hidden = false;
    }
  }
}
