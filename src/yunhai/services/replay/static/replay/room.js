/** The replay room: one position in a source, told by the stream, shown as book, tape, chart, own orders and a span. */

import { Finder } from "/static/pocket/finder.js";
import { page } from "/static/pocket/page.js";
import { change, count, price } from "/static/shell/js/format.js";
import { toast } from "/static/shell/js/toast.js";
import { market, told } from "/static/shell/js/trade.js";
import { language } from "/static/shell/js/words.js";
import { Chart, secondsOf } from "./chart.js";
import { Hours } from "./hours.js";
import { Keys } from "./keys.js";
import { LEVELS, Ladder } from "./ladder.js";
import { Line } from "./line.js";
import { Bookmarks, Mine, Tape, showSpan } from "./lists.js";
import { Latest, at, clockOf, framed, isoOf, made, millis, notice, only, paced, say } from "./parts.js";
import { Scrub } from "./scrub.js";
import { Share } from "./share.js";
import { SPEEDS, linkText, spanAt, viewOf, viewText } from "./view.js";

const CODES_MOST = 16;
const STAGES = ["room-wait", "room-none", "room-young", "room-choose", "room-refused", "room-body"];
const CODES_UNFIT = 7486;
const REFUSED_FOR_GOOD = new Set([7492]);
const MOMENT_GONE = new Set([7480, 7484, 7485, 7486, 7482, 7497]);
const TOLD_MS = 400; // browsers bear about three changes of the address a second
const LISTED_MS = 200; // nobody reads a tape that changes quicker
const RELOADED = performance.getEntriesByType("navigation")[0]?.type === "reload";

class Room {
  constructor() {
    this.sources = [];
    this.here = null; // the last state, with everything that updates brought since
    this.opened = null; // what the stream said of the source
    this.active = "";
    this.books = new Map();
    this.span = [null, null]; // [{ position, ms }, …]
    this.speed = "1";
    this.fixed = 0; // one's own order, of whose moment alone more is shown
    this.steps = 0; // that were asked for and wait for their turn
    this.moving = new Latest();
    this.spanning = new Latest();
    const jump = (order) => this.seek({ order });
    this.ladder = new Ladder((message) => this.line.ask(message), jump);
    this.tape = new Tape((position) => this.seek({ position }));
    this.mine = new Mine(jump);
    this.chart = new Chart((ms) => this.seek({ time: isoOf(ms) }));
    this.scrub = new Scrub((ms, end) => this.seek(end ? { position: this.opened.end } : { time: isoOf(ms) }));
    this.bookmarks = new Bookmarks((link) => this.openLink(link), (error) => this.failed(error), () => this.marks());
    this.share = new Share(this);
    this.draw = framed(() => this.show());
    this.list = paced(LISTED_MS, () => this.showLists());
    this.tell = paced(TOLD_MS, () => this.address());
    this.controls();
    this.keys = new Keys(this);
    this.line = new Line(page.stream, {
      ready: () => this.begin(),
      update: (message) => this.updated(message),
      link: (state) => this.linked(state),
      ended: (refusal) => this.refused(refusal),
    });
    this.bookmarks.load();
    this.names();
  }

  say(text) {
    at("said").textContent = text;
  }

  failed(error) {
    if (REFUSED_FOR_GOOD.has(error.code)) return this.refused(error);
    return toast("bad", told(error), error.remedy ?? "");
  }

  // --- opening -----------------------------------------------------------------------------------------------------------

  linked(state) {
    at("room").dataset.link = state;
    const down = state === "reconnecting" || state === "offline";
    at("link-lost").hidden = !down;
    at("room-body").classList.toggle("stale", down);
    for (const element of document.querySelectorAll("[data-needs-line]")) element.disabled = down || (!this.here && element.id !== "source");
    if (down && this.here) this.say(say("lost"));
  }

  /** After each connection: the sources, then what was open before at its place, or what the address asks for. */
  async begin() {
    try {
      this.sources = (await this.line.said({ op: "sources" })).sources;
    } catch (error) {
      this.refused(error);
      throw error;
    }
    this.sourceList();
    if (this.opened) return this.again();
    if (page.problem && !page.opens?.link) notice("bad", page.problem.text, page.problem.remedy);
    const { link, source, codes, order, account } = page.opens ?? {};
    this.fixed = order || 0;
    if (account) this.owner = account;
    const asked = new URLSearchParams(location.search);
    const wanted = codes?.length ? codes : (asked.get("codes") ?? "").split(",").filter(Boolean);
    try {
      if (link?.includes("hash=")) return await this.open({ link }, { verified: !RELOADED });
    } catch (error) {
      if (!MOMENT_GONE.has(error.code)) throw error;
      return undefined; // said, with the way out
    }
    if (this.sources.length === 0) return only("room-none", ...STAGES);
    try {
      await this.openSource(source || asked.get("source") || this.sources[0].source, wanted, { order: this.fixed });
    } catch (error) {
      if (!error.code || REFUSED_FOR_GOOD.has(error.code)) throw error;
      only("room-choose", ...STAGES); // said; the other days may be opened
    }
    return undefined;
  }

  /** The same source at the same place, after the connection was lost. */
  async again() {
    const { position, hash, playing } = this.here;
    try {
      await this.open({ source: this.opened.source, codes: this.opened.codes, ...(this.fixed ? { order: this.fixed } : {}) }, { position, again: true });
    } catch (error) {
      if (!error.code || REFUSED_FOR_GOOD.has(error.code)) throw error;
      this.opened = this.here = null; // it is gone, or open to somebody else only: the other days may be opened
      notice("bad", told(error), error.remedy);
      return only("room-choose", ...STAGES);
    }
    if (this.here.hash !== hash) notice("bad", say("differs"));
    else this.say(say("back", { time: clockOf(this.here.time) }));
    if (playing) await this.line.said({ op: "play", speed: this.speed, idle_s: this.idle() }).then((state) => this.stated(state));
    return undefined;
  }

  /** Another day; the same securities where it is one of ours too. What is refused leaves everything as it is. */
  async chooseSource(source) {
    const { opened, fixed, active } = this;
    const codes = opened?.kind === "journal" && source.startsWith("journal/") ? opened.codes : [];
    Object.assign(this, { fixed: 0, active: "" });
    try {
      await this.openSource(source, codes);
    } catch {
      Object.assign(this, { fixed, active }); // said
      if (opened) at("source").value = opened.source;
    }
  }

  async openSource(source, codes, more = {}) {
    try {
      await this.open({ source, codes, ...(more.order ? { order: more.order } : {}) }, more);
    } catch (error) {
      if (error.code === CODES_UNFIT && codes.length > 0) {
        notice("wait", told(error)); // a code that does not stand in this source: its first security instead
        await this.openSource(source, [], more);
      } else throw error;
    }
  }

  async open(message, { position, verified = false, again = false } = {}) {
    if (!this.opened) only("room-wait", ...STAGES);
    let answer;
    let own;
    let span;
    const view = viewOf(message.link ?? "");
    try {
      answer = await this.line.said({ op: "open", levels: LEVELS, account: this.owner ?? page.account, ...(this.fixed && message.link ? { order: this.fixed } : {}), ...message });
      const place = position ?? answer.state.position;
      // One's own orders of the whole day are known at its end; then back to the place.
      own = (await this.line.said({ op: "seek", position: answer.opened.end })).own;
      span = await spanAt(view.span, answer.opened.end, (there) => this.line.said({ op: "seek", position: there }));
      answer.state = await this.line.said({ op: "seek", position: Math.min(place, answer.opened.end) });
    } catch (error) {
      if (!again || REFUSED_FOR_GOOD.has(error.code)) this.refused(error, message.link);
      throw error;
    }
    const before = this.opened;
    this.opened = answer.opened;
    this.listings = new Map(answer.opened.listings.map((one) => [one.code, one]));
    const { codes, begins, ends } = answer.opened;
    if (codes.includes(view.code)) this.active = view.code;
    else if (!codes.includes(this.active)) this.active = codes[0];
    const { stretches } = answer.opened;
    this.hours = new Hours((stretches.length > 0 ? stretches : [[begins, ends]]).map((both) => both.map(millis)));
    this.mine.set(own);
    if (span.some(Boolean) || before?.source !== answer.opened.source) this.span = span;
    if (view.speed) this.speed = at("speed").value = view.speed;
    only(answer.opened.end > 0 ? "room-body" : "room-young", ...STAGES);
    at("source").value = answer.opened.source;
    this.about();
    this.found.securities = [...this.listings.keys()].map((code) => ({ code, name: this.nameOf(code) }));
    if (verified) notice("good", say("verified"), say("verified_how", { hash: answer.state.hash.slice(0, 16), position: count(answer.state.position) }));
    this.stated(answer.state);
    await this.bars();
    if (span.some(Boolean)) this.measure();
  }

  async openLink(link) {
    try {
      await this.open({ link }, { verified: true });
    } catch {
      /* said */
    }
  }

  /** Somebody may not, or a link is not what it says: the reason, and what can be done. */
  refused(refusal, link = "") {
    if (REFUSED_FOR_GOOD.has(refusal.code)) {
      at("refused-text").textContent = told(refusal);
      at("refused-remedy").textContent = refusal.remedy;
      only("room-refused", ...STAGES);
      this.line?.finish?.();
      return;
    }
    if (link && MOMENT_GONE.has(refusal.code)) {
      const differs = refusal.code === 7485;
      notice("bad", differs ? say("not_same") : told(refusal), differs ? `${told(refusal)} ${refusal.remedy}` : refusal.remedy);
      if (!this.opened) only(this.sources.length > 0 ? "room-choose" : "room-none", ...STAGES);
      return;
    }
    if (refusal.code && refusal.code !== CODES_UNFIT) this.failed(refusal); // other codes are chosen, which is said
  }

  async bars() {
    const seconds = secondsOf(this.hours.length);
    const code = this.active;
    const answer = await this.line.said({ op: "bars", code, seconds }).catch(() => null);
    if (!answer || code !== this.active) return;
    this.chart.show(answer, Number(this.listings.get(code).reference || 0), this.hours);
    this.marks();
  }

  // --- what the stream tells ----------------------------------------------------------------------------------------------

  stated(state) {
    this.here = state;
    this.books = new Map(state.books.map((one) => [one.code, one]));
    this.tape.set(state.trades);
    this.draw();
    this.tell();
  }

  updated(message) {
    if (!this.here) return;
    const { position, time, hash, playing, own } = message;
    Object.assign(this.here, { position, time, hash, playing, own });
    for (const book of message.books) this.books.set(book.code, book);
    this.tape.add(message.trades);
    if (!playing) this.say(say("ended", { time: clockOf(time) }));
    this.draw();
    this.tell();
  }

  // --- moving ----------------------------------------------------------------------------------------------------------------

  /** Asks for a move; the latest of many that wait. A refused one changes nothing and is told. */
  move(message, { quiet = false } = {}) {
    if (!this.here) return undefined;
    at("room-notice").querySelector(".good")?.remove(); // it was about the moment that is left now
    if (message.op !== "step") this.steps = 0;
    return this.moving.run(async () => {
      try {
        const asked = message.op === "step" ? { ...message, count: this.steps } : message;
        this.steps = 0;
        this.stated(await this.line.ask(asked));
        if (!quiet) this.say(say("at", { time: clockOf(this.here.time) }));
      } catch (error) {
        if (error.code) this.failed(error);
      }
    });
  }

  seek(where) {
    return this.move({ op: "seek", ...where });
  }

  /** So many events, besides those that were asked for and wait: however quickly one steps, none is left out. */
  step(number) {
    this.steps += number;
    return this.move({ op: "step" });
  }

  /** So many milliseconds of market time, silences left out. */
  skip(ms) {
    const to = Math.min(Math.max(this.hours.along(millis(this.here.time)) + ms, 0), this.hours.length);
    return this.seek({ time: isoOf(this.hours.moment(to)) });
  }

  idle() {
    return at("idle").checked ? 2 : 0;
  }

  toggle() {
    if (!this.here) return undefined;
    if (this.here.playing) return this.move({ op: "pause" });
    return this.move({ op: "play", speed: this.speed, idle_s: this.idle() }, { quiet: true });
  }

  setSpeed(speed) {
    this.speed = speed;
    at("speed").value = speed;
    this.say(say("speed", { speed }));
    if (this.here?.playing) this.move({ op: "speed", speed }, { quiet: true });
    this.tell();
  }

  faster(way) {
    const place = SPEEDS.indexOf(this.speed) + way;
    if (SPEEDS[place]) this.setSpeed(SPEEDS[place]);
  }

  // --- several securities --------------------------------------------------------------------------------------------------

  choose(code) {
    this.active = code;
    this.ladder.choose(null);
    this.bars();
    this.measure();
    this.draw();
  }

  async codes(codes) {
    const position = this.here.position;
    try {
      await this.open({ source: this.opened.source, codes, ...(this.fixed ? { order: this.fixed } : {}) }, { position });
      this.measure();
    } catch {
      /* said; what was open stays */
    }
  }

  add(code) {
    at("find").blur(); // the keys are the room's again
    const { codes } = this.opened;
    if (codes.includes(code)) return this.choose(code);
    if (codes.length >= CODES_MOST) return toast("bad", say("full", { most: CODES_MOST }));
    this.active = code;
    return this.codes([...codes, code]);
  }

  // --- a span -------------------------------------------------------------------------------------------------------------

  setSpan(end) {
    if (!this.here) return;
    const here = { position: this.here.position, ms: millis(this.here.time) };
    this.span[end] = here;
    const [from, to] = this.span;
    if (from && to && from.position >= to.position) this.span = end === 0 ? [here, null] : [null, here];
    this.say(say(end === 0 ? "span_in" : "span_out", { time: clockOf(this.here.time) }));
    this.measure();
  }

  clearSpan() {
    this.span = [null, null];
    this.measure();
  }

  measure() {
    const [from, to] = this.span;
    this.marks();
    this.tell();
    for (const [id, one] of [["span-in", from], ["span-out", to]]) at(id).dataset.at = one ? clockOf(isoOf(one.ms)) : "";
    at("span-clear").hidden = !from && !to;
    if (!from || !to) return showSpan(null);
    for (const form of ["csv", "parquet"]) {
      const query = new URLSearchParams({ source: this.opened.source, codes: this.opened.codes.join(","), first: from.position, last: to.position, form });
      at(`export-${form}`)?.setAttribute("href", `${page.api}export?${query}`);
    }
    return this.spanning.run(async () => {
      try {
        showSpan(await this.line.ask({ op: "span", code: this.active, first: from.position, last: to.position }), this.amount);
        this.say(say("span_done"));
      } catch (error) {
        showSpan(null);
        this.failed(error);
      }
    });
  }

  // --- showing ------------------------------------------------------------------------------------------------------------

  amount = (code, shares) => {
    const lot = this.listings.get(code)?.lot ?? 1;
    return lot > 1 && shares % lot === 0 ? count(shares / lot) : lot > 1 ? count((shares / lot).toFixed(3)) : count(shares);
  };

  show() {
    const { here } = this;
    if (!here) return;
    at("moment").textContent = clockOf(here.time);
    at("day").textContent = here.time.slice(0, 10);
    at("position").textContent = say("position", { position: count(here.position), end: count(this.opened.end) });
    at("hash").textContent = here.hash.slice(0, 12);
    at("hash").title = here.hash;
    at("room").dataset.position = String(here.position);
    at("room").dataset.hash = here.hash;
    const play = document.querySelector('[data-do="play"]');
    play.setAttribute("aria-label", say(here.playing ? "pause" : "play"));
    play.dataset.playing = String(here.playing);
    const book = this.books.get(this.active);
    const listing = this.listings.get(this.active);
    if (book) {
      this.headline(book, listing);
      this.ladder.show(book, listing, here.own.filter((one) => one.code === this.active));
    }
    this.tiles();
    if (here.playing) this.list();
    else this.showLists();
    for (const element of document.querySelectorAll("[data-needs-line]")) element.disabled = at("room").dataset.link !== "live";
  }

  /** What is long to draw: the tape, one's own orders, the chart. */
  showLists() {
    const own = new Set(this.mine.all.keys());
    this.tape.show({ several: this.opened.codes.length > 1, own, amount: this.amount, references: new Map([...this.listings].map(([code, one]) => [code, one.reference])) });
    this.mine.show(this.here.own, this.amount);
    this.marks();
  }

  headline(book, listing) {
    const set = (name, text, className) => {
      const element = document.querySelector(`[data-book="${name}"]`);
      element.textContent = text;
      if (className !== undefined) element.className = className;
    };
    const trial = book.trial?.price ? book.trial : null;
    const shown = trial ? trial.price : book.last;
    const moved = change(shown, listing.reference);
    set("last", `${trial ? say("trial") : ""}${price(shown)}`, `replay-last ${moved?.tone ?? ""}`);
    set("change", moved ? `${moved.amount} (${moved.percent})` : "", moved ? `${moved.tone} ${moved.tone}-mark` : "");
    set("phase", say(book.phase === "before" && book.trades > 0 ? "phase.between" : `phase.${book.phase}`));
    document.querySelector('[data-book="phase"]').hidden = !book.bids; // a file of trades tells none
    for (const name of ["open", "high", "low"]) set(name, price(book[name]));
    set("volume", this.amount(book.code, book.volume));
    set("trades", count(book.trades));
    at("in-hand").hidden = book.in_hand === null || book.in_hand === undefined;
    at("unit").textContent = say(listing.lot > 1 ? "in_lots" : "in_shares", { lot: count(listing.lot) });
  }

  /** One tile a security; it chooses whose book is shown. */
  tiles() {
    const { codes } = this.opened;
    const box = at("tiles");
    const drawn = codes.join(",");
    if (box.dataset.codes !== drawn) {
      box.dataset.codes = drawn;
      box.replaceChildren(...codes.map((code) => this.tile(code, codes.length > 1)));
    }
    for (const tile of box.children) {
      const { code } = tile.dataset;
      const book = this.books.get(code);
      const moved = change(book?.last, this.listings.get(code)?.reference);
      tile.querySelector("button").setAttribute("aria-pressed", String(code === this.active));
      const last = tile.querySelector(".tile-last");
      last.textContent = price(book?.last ?? "");
      last.className = `tile-last ${moved?.tone ?? ""}`;
      const quotes = tile.querySelector(".tile-quotes");
      quotes.textContent = book?.bids ? `${book.bids[0]?.[0] ? price(book.bids[0][0]) : "–"} / ${book.asks[0]?.[0] ? price(book.asks[0][0]) : "–"}` : "";
    }
    document.querySelector("[data-active-code]").textContent = this.active;
    document.querySelector("[data-active-name]").textContent = this.nameOf(this.active);
  }

  tile(code, several) {
    const tile = made("li", "", { "data-code": code });
    const button = made("button", "", { type: "button", class: "tile" });
    button.append(made("strong", code), made("span", this.nameOf(code), { class: "tile-name faint" }), made("b", "", { class: "tile-last" }), made("span", "", { class: "tile-quotes faint small" }));
    button.addEventListener("click", () => this.choose(code));
    tile.append(button);
    if (several) {
      const remove = made("button", "×", { type: "button", class: "button plain little", "aria-label": say("remove", { code }) });
      remove.addEventListener("click", () => this.codes(this.opened.codes.filter((one) => one !== code)));
      tile.append(remove);
    }
    return tile;
  }

  /** Marks in the chart and over the scrub bar. */
  marks() {
    if (!this.here) return;
    const now = millis(this.here.time);
    const own = [];
    for (const one of this.mine.all.values()) {
      if (one.code === this.active && one.price) own.push({ ms: millis(one.entered), price: Number(one.price), side: one.side, kind: "entry" });
    }
    for (const one of this.tape.trades) {
      const side = this.mine.all.has(one.buyer) ? "buy" : this.mine.all.has(one.seller) ? "sell" : "";
      if (side && one.code === this.active) own.push({ ms: millis(one.time), price: Number(one.price), side, kind: "trade" });
    }
    const source = this.opened.source;
    const bookmarks = this.bookmarks.all.filter((one) => new URLSearchParams(one.link).get("source") === source).map((one) => millis(one.time));
    const span = this.span.map((one) => one?.ms ?? null);
    this.chart.mark({ now, span, own, bookmarks });
    this.scrub.show({ hours: this.hours, now, span, bookmarks, own: [...this.mine.all.values()].map((one) => millis(one.entered)), end: this.here.position === this.opened.end });
  }

  // --- what is chosen from ------------------------------------------------------------------------------------------------

  sourceList() {
    at("source").replaceChildren(
      ...["journal", "l3", "trades"].flatMap((kind) => {
        const some = this.sources.filter((one) => one.kind === kind);
        if (some.length === 0) return [];
        const group = made("optgroup", "", { label: say(`kind.${kind}`) });
        group.append(...some.map((one, place) => made("option", this.sourceName(one, kind === "journal" && place === 0), { value: one.source })));
        return [group];
      }),
    );
    if (this.opened) at("source").value = this.opened.source;
  }

  sourceName({ kind, source, day, closed }, newest) {
    if (kind === "journal") return `${source.replace("journal/", "")}${newest ? ` ${say(closed ? "last_day" : "this_day")}` : ""}`;
    return `${source.split("/").slice(1, -1).join(" ")} ${day}`;
  }

  /** What is particular to a kind of source: its units, its notes, how late it is shown. */
  about() {
    const { kind } = this.opened;
    for (const element of document.querySelectorAll("[data-amounts]")) element.textContent = say(kind === "trades" ? "contracts" : "shares");
    for (const element of document.querySelectorAll("[data-quotes], [data-value]")) element.hidden = kind === "trades"; // of no book, and index points are no money
    at("value-unit").textContent = kind === "journal" ? say("value_unit") : "";
    this.noteList();
  }

  noteList() {
    const lines = this.opened.notes.map((one) => one[language]);
    const { delay_minutes: delay } = page.rights;
    const running = this.sources.find((one) => one.source === this.opened.source && one.kind === "journal" && !one.closed);
    if (delay && running) lines.unshift(say("delayed", { minutes: delay }));
    at("late").hidden = !delay || !running;
    at("late").textContent = say("late", { minutes: delay });
    at("notes").hidden = lines.length === 0;
    at("notes-list").replaceChildren(...lines.map((line) => made("li", line)));
    at("newer").hidden = !running;
  }

  /** A security's name; another exchange's may have the code of one of ours. */
  nameOf(code) {
    return this.opened?.kind === "journal" ? (this.known?.get(code.split(":")[0]) ?? "") : "";
  }

  /** Names of the securities of the open day, where there is one. */
  async names() {
    const day = await market().catch(() => null);
    this.known = new Map((day?.securities ?? []).map((one) => [one.code, one.name]));
    at("tiles").dataset.codes = "";
    if (this.listings) this.found.securities = [...this.listings.keys()].map((code) => ({ code, name: this.nameOf(code) }));
    this.draw();
  }

  controls() {
    this.found = new Finder(at("find"), at("found"), [], (code) => this.add(code));
    at("source").addEventListener("change", () => this.chooseSource(at("source").value));
    at("speed").replaceChildren(...SPEEDS.map((speed) => made("option", `×${speed}`, { value: speed })));
    at("speed").value = this.speed;
    at("speed").addEventListener("change", () => this.setSpeed(at("speed").value));
    at("idle").addEventListener("change", () => this.here?.playing && this.move({ op: "play", speed: this.speed, idle_s: this.idle() }, { quiet: true }));
    at("span-in").addEventListener("click", () => this.setSpan(0));
    at("span-out").addEventListener("click", () => this.setSpan(1));
    at("span-clear").addEventListener("click", () => this.clearSpan());
    at("newer").addEventListener("click", () => this.codes(this.opened.codes));
    at("choose-newest").addEventListener("click", () => this.openSource(this.sources[0].source, []).catch(() => {}));
    const actions = {
      start: () => this.seek({ position: 0 }),
      back10: () => this.step(-10),
      back: () => this.step(-1),
      play: () => this.toggle(),
      on: () => this.step(1),
      on10: () => this.step(10),
      end: () => this.seek({ position: this.opened.end }),
    };
    for (const [name, action] of Object.entries(actions)) {
      document.querySelector(`[data-do="${name}"]`).addEventListener("click", (event) => {
        action();
        if (event.detail > 0) event.currentTarget.blur(); // so that the space bar plays, not presses again
      });
    }
  }

  /** What a permalink says of how the moment is looked at. */
  view() {
    return viewText({ code: this.active, several: this.opened.codes.length > 1, speed: this.speed, span: this.span });
  }

  /** The address is the moment's permalink, so that a reload opens the same moment again, its hash held against the events. */
  address() {
    if (!this.here) return;
    const { source, codes } = this.opened;
    const query = linkText({ source, at: String(this.here.position), codes: codes.join(","), view: this.view(), hash: this.here.hash, order: this.fixed || "" });
    history.replaceState(null, "", `${page.room}?${query}`);
  }
}

if (page.account) new Room();
