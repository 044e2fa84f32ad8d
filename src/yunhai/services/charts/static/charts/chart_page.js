/** The chart room: bars of one security with indicators by name, the day's bar live, one's own lines. */

import { calls } from "/static/shell/js/calls.js";
import { change, nearest, price, priceText, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market, told } from "/static/shell/js/trade.js";
import { Finder } from "/static/pocket/finder.js";
import { page, soon } from "/static/pocket/page.js";
import { Chooser } from "./chooser.js";
import { moves } from "./moves.js";
import { Pens } from "./pens.js";
import { Setups } from "./setups.js";
import { Stage, dayText } from "./stage.js";

const call = calls("/charts");
const LIVE_MS = 1500;
const TRIES = 20;
const KEEP_MS = 800;
const LATER_MS = 300;
const TAIL = { "1s": 30, other: 3 };
const DAYS = new Set(["1d", "1w", "1mo"]);
const at = (id) => document.getElementById(id);

// --- finding a security ------------------------------------------------------------------------------------------------

function finder() {
  const input = at("find");
  const found = new Finder(input, at("found"), [], (code) => location.assign(`${page.chart}${code}/`));
  let asked = false;
  input.addEventListener("focus", async () => {
    if (asked) return;
    asked = true;
    try {
      found.securities = await call("GET", "/securities");
      if (input.value) found.search();
    } catch {
      asked = false;
    }
  });
  input.addEventListener("keydown", (event) => {
    const text = input.value.trim().toUpperCase();
    if (event.key === "Enter" && at("found").hidden && /^[0-9A-Z][0-9A-Z._-]{0,23}$/.test(text)) location.assign(`${page.chart}${text}/`);
  });
}

// --- the room ----------------------------------------------------------------------------------------------------------

class Room {
  constructor() {
    this.words = page.words;
    this.futures = page.segment !== "";
    this.stage = new Stage(at("chart"), at("legend"), this.words, this.futures ? { lot: 1, unit: this.words.contracts } : {});
    this.pens = new Pens(this.stage, page.code, this.words, (text) => this.say(text));
    const { indicators, span, adjusted } = page.chosen;
    const asked = new URLSearchParams(location.search);
    this.indicators = split(asked.get("indicators") ?? indicators);
    this.span = asked.get("span") ?? span;
    this.adjusted = asked.get("adjusted") ?? adjusted;
    this.asOf = at("as-of") ? (asked.get("as_of") ?? "") : ""; // the Lab's moment of observation
    this.latest = "";
    this.newest = null; // price, and how often bars without it were asked for again
    this.tries = TRIES;
    this.date = ""; // of the market's day that is followed
    this.last = ""; // price, whatever moment is looked at
    this.alerts = null; // as lines; null where alerts are closed, or not asked for yet
    this.ticks = []; // of the day that is followed
    this.tools();
    this.keys();
    new Chooser(this.words, (text) => this.add(text));
    new Setups(this.words, () => this.kept(), (setup) => this.put(setup));
    this.keep = soon(() => call("PUT", "/chosen", this.kept()).catch(() => {}), KEEP_MS);
    this.follow = soon(() => this.renew(), LIVE_MS);
    this.pens.load().catch((error) => this.say(told(error)));
    this.load({ path: page.first }); // the page has asked for it already
    this.live();
    if (at("values")) import("./values.js").then(({ Values }) => (this.values = new Values(this)));
  }

  /** What is on the chart, to be found again. */
  kept() {
    return { indicators: this.indicators.join(","), span: this.span, adjusted: this.adjusted };
  }

  async put({ indicators, span, adjusted, name }) {
    const before = this.kept();
    this.indicators = split(indicators);
    Object.assign(this, { span, adjusted });
    if (await this.load()) {
      this.keep();
      this.say(this.words.put.replace("{name}", name));
    } else Object.assign(this, before, { indicators: split(before.indicators) });
  }

  say(text) {
    at("said").textContent = text;
    at("chart-range").textContent = text;
  }

  path(more = {}, what = "bars") {
    const query = new URLSearchParams({ span: this.span, adjusted: this.adjusted, indicators: this.indicators.join(","), ...more });
    if (this.futures) query.set("segment", page.segment);
    if (this.asOf) query.set("as_of", this.asOf);
    else if (this.latest && DAYS.has(this.span) && this.adjusted !== "forward") query.set("latest", this.latest);
    return `/${page.code}/${what}?${query}`;
  }

  /** Asks for the bars and shows them. A later call takes an earlier one's place, with all that was changed: its answer is both's. */
  load(how = {}) {
    this.loaded = this.ask(how);
    return this.loaded;
  }

  async ask({ keep = false, path = this.path() }) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    let answer;
    try {
      answer = await call("GET", path, undefined, { signal });
    } catch (error) {
      if (error.name === "AbortError") return this.loaded;
      this.failed(error);
      return false;
    }
    this.show(answer, keep);
    return true;
  }

  failed(error) {
    at("chart-wait").hidden = true;
    const box = at("chart-failed");
    box.hidden = false;
    const text = document.createElement("p");
    text.className = "notice bad";
    text.textContent = `${this.words.failed} ${told(error)}`;
    box.replaceChildren(text);
  }

  show(answer, keep) {
    const some = answer.time.length > 0;
    at("chart-wait").hidden = true;
    at("chart-failed").hidden = true;
    at("chart-empty").hidden = some;
    for (const id of ["chart", "legend", "chosen-bar"]) at(id).hidden = !some;
    document.querySelector(".chart-pens").hidden = !some;
    for (const input of document.querySelectorAll("#spans input")) {
      input.closest("label").hidden = !answer.spans.includes(input.value);
      input.checked = input.value === answer.span;
    }
    const seconds = [...at("seconds").options].slice(1);
    for (const option of seconds) option.hidden = option.disabled = !answer.spans.includes(option.value);
    at("seconds").hidden = seconds.every((option) => option.disabled);
    at("seconds").value = seconds.some((option) => option.value === answer.span) ? answer.span : "";
    at("adjusted").value = answer.adjusted;
    this.indicators = answer.indicators.map((one) => one.label);
    this.chips(answer.indicators);
    this.values?.renew();
    this.levels();
    if (!some) {
      this.stage.data = null;
      at("chart-range").textContent = "";
      return;
    }
    this.stage.show(answer, { keep });
    this.headline(answer);
    const { length } = answer.time;
    at("chart-range").textContent = this.words.bars.replace("{count}", length.toLocaleString("en")).replace("{first}", dayText(this.stage.times[0])).replace("{last}", dayText(this.stage.times[length - 1]));
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        Object.assign(at("chart").dataset, { bars: length, drawn: Math.round(performance.now()) });
        this.begun ??= setTimeout(() => this.alerted().catch(() => {}), LATER_MS); // what the first drawing need not wait for
      }),
    );
  }

  // --- alerts ----------------------------------------------------------------------------------------------------------

  /** One's price alerts on this security, where the reader has alerts: the header's bell stands for them. */
  async alerted() {
    if (this.futures || !at("bell")) return;
    const { Levels } = await import("/static/alerts/levels.js");
    const levels = new Levels(page.code, at("levels"), (alerts) => {
      this.alerts = alerts;
      this.levels();
    });
    this.pens.alert = (text) => levels.set(priceText(nearest(this.ticks, units(text))), this.last);
  }

  /** Alerts are of today's prices: not of those adjusted to another day's, nor of a moment of observation. */
  levels() {
    const today = !this.asOf && this.adjusted !== "forward";
    this.stage.level((today && this.alerts) || []);
    at("alert-pen").hidden = !(today && this.alerts && this.ticks.length > 0);
    if (at("alert-pen").hidden && this.pens.pen === "alert") this.pens.take(null);
  }

  /** The last close and its change, until the market says its own. */
  headline(answer) {
    if (this.quoted && !this.asOf) return;
    const last = answer.close.length - 1;
    this.price(priceText(BigInt(answer.close[last])), last > 0 ? priceText(BigInt(answer.close[last - 1])) : "");
  }

  price(now, before) {
    if (!this.asOf) this.last = now;
    const moved = change(now, before);
    const [last, difference] = ["last", "change"].map((name) => document.querySelector(`.chart-last [data-field="${name}"]`));
    last.textContent = price(now);
    last.className = `chart-price ${moved?.tone ?? ""}`;
    difference.textContent = moved ? `${moved.amount} (${moved.percent})` : "";
    difference.className = moved ? `${moved.tone} ${moved.tone}-mark` : "";
  }

  // --- indicators ------------------------------------------------------------------------------------------------------

  chips(indicators) {
    at("chosen").replaceChildren(
      ...indicators.map(({ label, zh, en }) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.className = "chip";
        button.title = document.documentElement.lang === "en" ? en : zh;
        button.textContent = `${label} ×`;
        button.setAttribute("aria-label", this.words.remove.replace("{name}", label));
        button.addEventListener("click", () => this.change(this.indicators.filter((one) => one !== label)));
        item.append(button);
        return item;
      }),
    );
  }

  async add(text) {
    if (await this.change([...this.indicators, text])) this.say(this.words.added.replace("{name}", this.indicators.at(-1)));
  }

  /** Other indicators; those before if they are refused. */
  async change(wanted) {
    const before = this.indicators;
    this.indicators = wanted;
    if (await this.load({ keep: true })) {
      this.keep();
      return true;
    }
    this.indicators = before;
    return false;
  }

  tools() {
    at("chart-tools").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["spans", "seconds"]) {
      at(id).addEventListener("change", (event) => {
        this.span = event.target.value || this.span; // "seconds" by itself is none
        this.load();
        this.keep();
      });
    }
    at("adjusted").addEventListener("change", (event) => {
      this.adjusted = event.target.value;
      this.load();
      this.keep();
    });
  }

  keys() {
    const { stage, pens } = this;
    const actions = {
      ...moves(stage),
      Enter: () => pens.putHere(),
      Escape: () => (pens.taken ? pens.letGo() : pens.take(null)),
      Delete: () => pens.eraseChosen(),
      Backspace: () => pens.eraseChosen(),
    };
    const box = at("chart");
    box.addEventListener("keydown", (event) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        pens.undo();
        return;
      }
      const action = actions[event.key];
      if (!action || !stage.data || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action(event);
      if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") at("said").textContent = stage.spoken();
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && (pens.taken ? pens.letGo() : pens.pen && pens.take(null)));
  }

  // --- live ------------------------------------------------------------------------------------------------------------

  /** Follows the market's day, and the next one when it is opened while the page stands. */
  async live() {
    if (this.futures) return; // none trade here
    document.addEventListener("yunhai:market", ({ detail }) => detail.date && detail.date !== this.date && this.open(detail.date));
    document.addEventListener("visibilitychange", () => this.latest && this.follow()); // what came while it was hidden was not drawn
    const day = await market().catch(() => null); // none is open: history alone
    if (day && !this.date) await this.open(day.date);
  }

  /** That day's quotes are followed; a day that was followed before is history now. */
  async open(date) {
    const before = this.date;
    this.date = date;
    const day = await market({ fresh: before !== "" }).catch(() => null);
    if (!day) this.date = before; // whoever says so next is believed again
    const security = day?.securities.find((one) => one.code === page.code);
    if (!security || this.date !== date) return;
    at("trade-link").hidden = false;
    this.ticks = security.ticks.map((row) => ({ at: units(row.price), tick: units(row.tick) }));
    this.levels();
    this.latest = "";
    this.unwatch?.();
    this.unwatch = watchQuotes([page.code], (quote) => this.quote(quote, date, security.reference));
    if (before) await this.load({ keep: true });
  }

  quote(quote, date, reference) {
    if (quote.segment !== "board" || !units(quote.open) || !units(quote.last)) return;
    this.quoted = true;
    if (!this.asOf) this.price(quote.last, reference);
    const latest = [date, quote.open, quote.high, quote.low, quote.last, quote.volume].join(",");
    if (latest === this.latest) return;
    this.latest = latest;
    this.newest = units(quote.last);
    this.tries = 0;
    this.follow();
  }

  /** Minutes are read a moment after the quotes: they are asked for some times more, until the last trade is in them. */
  again() {
    if (this.tries >= TRIES) return;
    this.tries += 1;
    this.follow();
  }

  /** The last bars and their indicators again, computed by the same function as all of them. */
  async renew() {
    if (this.adjusted === "forward" || this.asOf || document.hidden) return;
    if (!this.stage.data?.time.length) {
      await this.load();
      if (!this.stage.data?.time.length) this.again();
      return;
    }
    const { span, adjusted } = this;
    let tail;
    try {
      tail = await call("GET", this.path({ limit: TAIL[this.span] ?? TAIL.other }));
    } catch {
      this.again();
      return;
    }
    if (span !== this.span || adjusted !== this.adjusted) return;
    if (!this.stage.renew(tail)) await this.load({ keep: true });
    this.values?.renew();
    this.pens.lines.request();
    at("chart").dataset.live = String(tail.time.at(-1));
    if (!DAYS.has(span) && this.newest && BigInt(tail.close.at(-1) ?? 0) !== this.newest) this.again();
  }
}

/** "KD(9,3,3),MA(5)" as its parts. */
function split(text) {
  return text.match(/[A-Za-z_0-9]+(?:\([^()]*\))?/g) ?? [];
}

if (page.account) {
  finder();
  if (page.code) new Room();
}
