/**
 * Watchlists in tabs, each a table of quotes, and beside them for a while the stocks of one industry: looked at, not changed.
 */

import { Finder } from "/static/pocket/finder.js";
import { page, say } from "/static/pocket/page.js";
import { at, made } from "/static/shell/js/elements.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { QuoteRows } from "./rows.js";
import { MOST, change, load, make, remove } from "./watchlists.js";

const FIRST = 12;

export class Lists {
  /** `open` makes the head of a row (rows.js). */
  constructor(securities, open) {
    this.securities = new Map(securities.map((one) => [one.code, one]));
    this.lists = [];
    this.chosen = 0;
    this.sector = null; // { name, codes } beside the lists, shown as the last tab
    this.table = new QuoteRows(at("watch"), this.securities, { open, remove: (code) => this.keep(this.now.codes.filter((one) => one !== code)) });
    new Finder(at("find"), at("found"), securities, (code) => this.add(code));
    at("list-new").addEventListener("click", () => this.name(null));
    at("list-rename").addEventListener("click", () => this.name(this.now));
    at("list-remove").addEventListener("click", () => this.removeList());
    at("list-back").addEventListener("click", () => at("list-dialog").close());
    at("list-dialog").querySelector("form").addEventListener("submit", (event) => this.named(event));
    at("lists").addEventListener("keydown", (event) => this.key(event));
  }

  /** What there is a tab of: the lists, or what a person without one is shown until they change it, and the industry looked at. */
  get shown() {
    const first = { id: 0, name: say("watchlist"), codes: [...this.securities.keys()].slice(0, FIRST) };
    return [...(this.lists.length > 0 ? this.lists : [first]), ...(this.sector ? [this.sector] : [])];
  }

  get now() {
    return this.shown[this.chosen] ?? this.shown[0];
  }

  /** Shows the stocks of an industry and leads there. */
  look(name, codes) {
    this.sector = { id: 0, name, codes: codes.filter((code) => this.securities.has(code)), fixed: true };
    this.chosen = this.shown.length - 1;
    this.draw();
    at("watch-title").scrollIntoView({ block: "start" });
    at("lists").querySelector('[aria-selected="true"]').focus({ preventScroll: true });
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
    if (this.now.fixed) this.chosen = 0;
    const { codes } = this.now;
    if (codes.includes(code)) return this.seek(code);
    if (codes.length >= MOST) return toast("bad", say("full", { most: MOST }));
    return this.keep([...codes, code]).then(() => this.seek(code));
  }

  /** Leads to a row: the name of what was searched is where one goes on. */
  seek(code) {
    if (!this.table.rows.has(code)) this.draw();
    const { row, opens } = this.table.rows.get(code) ?? {};
    row?.scrollIntoView({ block: "nearest" });
    opens?.focus({ preventScroll: true });
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
    if (!way) return;
    event.preventDefault();
    const { length } = this.shown;
    this.chosen = (this.chosen + way + length) % length;
    this.draw();
    at("lists").querySelector('[aria-selected="true"]').focus();
  }

  draw() {
    const { shown } = this;
    if (this.chosen >= shown.length) this.chosen = 0;
    const { now } = this;
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
    this.table.show(now.codes, { removable: !now.fixed });
  }
}
