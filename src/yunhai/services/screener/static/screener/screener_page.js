/** The screener: the text is the screen; chips show its conditions, the builder adds to it, and all stocks are held against it. */

import { page } from "/static/pocket/page.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { builder } from "./builder.js";
import { Completion, wordsOf } from "./completion.js";
import { at, call, made, own, say } from "./parts.js";
import { Results } from "./results.js";
import { Saved } from "./saved.js";

const QUIET_MS = 300;
const UNREADABLE = 7457;

class Screener {
  constructor() {
    this.field = at("text");
    this.results = new Results();
    this.saved = new Saved(this.field, (text) => this.put(text));
    this.completion = new Completion(this.field, at("completions"), () => this.read());
    this.timer = 0;
    this.reading = null;
    this.field.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), QUIET_MS);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.run();
    });
    at("run").addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
  }

  async start() {
    const asked = new URLSearchParams(location.search);
    this.field.value = asked.get("text") ?? "";
    at("on").value = asked.get("on") ?? "";
    at("explain").value = asked.get("explain") ?? "";
    this.chips([]);
    try {
      const [words, examples, data] = await Promise.all([call("GET", "/words"), call("GET", "/examples"), call("GET", "/data"), this.saved.load()]);
      this.completion.words = wordsOf(words);
      builder(words, (condition) => this.add(condition));
      this.examples(examples);
      this.data(data);
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
      return;
    }
    document.documentElement.dataset.screener = "ready";
    if (this.field.value.trim()) await this.run();
  }

  examples(examples) {
    at("examples").replaceChildren(
      ...examples.map((one) => {
        const chip = made("button", own(one), { type: "button", class: "chip", "data-example": one.key, title: document.documentElement.lang === "en" ? one.says_en : one.says_zh });
        chip.addEventListener("click", () => {
          this.put(one.text);
          this.run();
        });
        return chip;
      }),
    );
  }

  data(data) {
    const shown = Object.fromEntries(Object.entries(data).map(([name, date]) => [name, name === "revenue" && date ? date.slice(0, 7) : date || say("no_data")]));
    at("data").dataset.bars = data.bars;
    at("data").textContent = say("data", shown);
    at("empty").hidden = data.bars !== "";
    at("on").max = data.bars;
  }

  /** Another screen in place of what stood there. */
  put(text) {
    this.field.value = text;
    this.read();
  }

  /** One more condition. */
  add(condition) {
    const text = this.field.value.trim();
    const joined = this.parts?.length === 1 && / or /i.test(` ${text} `) ? `(${text})` : text;
    this.put(text ? `${joined} and ${condition}` : condition);
  }

  async read() {
    clearTimeout(this.timer);
    this.reading?.abort();
    this.reading = new AbortController();
    const text = this.field.value;
    if (!text.trim()) {
      this.wrong(null);
      this.chips([]);
      return;
    }
    try {
      const { conditions } = await call("POST", "/read", { text }, { signal: this.reading.signal });
      this.wrong(null);
      this.chips(conditions);
    } catch (error) {
      if (error.name !== "AbortError") this.wrong(error, text);
    }
  }

  chips(conditions) {
    this.parts = conditions;
    const empty = made("li", say("none"), { class: "hush small" });
    const chips = conditions.map((one, place) => {
      const item = made("li");
      const chip = made("button", own(one), { type: "button", class: "chip", "aria-label": say("remove", { name: own(one) }), title: one.text });
      chip.append(made("span", "×", { "aria-hidden": "true" }));
      chip.addEventListener("click", () => this.put(conditions.filter((_, other) => other !== place).map((other) => other.text).join(" and ")));
      item.append(chip);
      return item;
    });
    at("conditions").replaceChildren(...(chips.length ? chips : [empty]));
  }

  /** A refusal below the text, with the character it is about marked; null: none. */
  wrong(error, text = "") {
    this.field.setAttribute("aria-invalid", String(error !== null));
    if (error === null) return at("wrong").replaceChildren();
    const box = made("div", "", { class: "notice bad" });
    const said = made("div");
    said.append(made("p", told(error)));
    if (error.remedy) said.append(made("p", error.remedy, { class: "remedy" }));
    if (error.code === UNREADABLE && error.details.at) {
      const letters = [...text];
      const place = error.details.at - 1;
      const line = made("code", letters.slice(0, place).join(""), { class: "screener-wrong" });
      line.append(made("mark", letters[place] ?? "␣"), letters.slice(place + 1).join(""));
      said.append(line);
    }
    box.append(said);
    return at("wrong").replaceChildren(box);
  }

  async run() {
    const text = this.field.value;
    const on = at("on").value;
    const explain = at("explain").value.split(/[\s,，、]+/).filter(Boolean).slice(0, 20);
    const button = at("run-button");
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    this.reading?.abort();
    try {
      const [answer] = await Promise.all([call("POST", "/run", { text, on, explain }), text.trim() ? this.read() : null]);
      this.wrong(null);
      this.results.show(answer);
      const query = new URLSearchParams({ text, ...(on && { on }), ...(explain.length && { explain: explain.join(" ") }) });
      history.replaceState(null, "", `?${query}`);
    } catch (error) {
      this.wrong(error, text);
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }
}

if (page.account) new Screener().start();
