/** Completion in the text field: a list of the words that begin or hold what is being written, taken by Enter, Tab or a click. */

import { made, own } from "./parts.js";

const MOST = 10;
const WRITTEN = /[\p{L}_][\p{L}\p{N}_.]*$/u;

export class Completion {
  /** `words`: [{ text, names: [lower case], shown }], what is inserted, what it is found by and what is told beside it. */
  constructor(field, list, changed) {
    this.field = field;
    this.list = list;
    this.changed = changed;
    this.words = [];
    this.shown = [];
    this.place = -1;
    field.addEventListener("input", () => this.search());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => setTimeout(() => this.close(), 150));
  }

  /** What is being written before the caret. */
  written() {
    if (this.field.selectionStart !== this.field.selectionEnd) return "";
    return this.field.value.slice(0, this.field.selectionStart).match(WRITTEN)?.[0] ?? "";
  }

  search() {
    const text = this.written().toLowerCase();
    const fits = (test) => this.words.filter((one) => one.names.some(test));
    const first = text ? fits((name) => name.startsWith(text)) : [];
    const rest = text ? fits((name) => name.includes(text)).filter((one) => !first.includes(one)) : [];
    const whole = this.words.some((one) => one.text.toLowerCase() === text && !one.text.includes("("));
    this.shown = whole ? [] : [...first, ...rest].slice(0, MOST);
    this.list.replaceChildren(
      ...this.shown.map((one, place) => {
        const item = made("li", "", { role: "option", id: `word-${place}` });
        item.append(made("code", one.text), made("span", one.shown));
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          this.take(place);
        });
        return item;
      }),
    );
    this.open(this.shown.length > 0);
    this.move(this.shown.length > 0 ? 0 : -1);
  }

  open(open) {
    this.list.hidden = !open;
    if (!open) this.field.removeAttribute("aria-activedescendant");
  }

  close() {
    this.open(false);
  }

  move(place) {
    const items = this.list.children;
    this.place = items.length ? (place + items.length) % items.length : -1;
    for (const [number, item] of [...items].entries()) item.setAttribute("aria-selected", String(number === this.place));
    if (this.place < 0) return;
    this.field.setAttribute("aria-activedescendant", items[this.place].id);
    items[this.place].scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (this.list.hidden || event.ctrlKey || event.metaKey) return;
    const ways = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in ways) {
      event.preventDefault();
      this.move(this.place + ways[event.key]);
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      this.take(this.place);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
  }

  take(place) {
    const { text } = this.shown[place];
    const end = this.field.selectionStart;
    this.field.setRangeText(text, end - this.written().length, end, "end");
    this.close();
    this.field.focus();
    this.changed();
  }
}

/** Every word of the language as completion shows it. */
export function wordsOf(words) {
  const chinese = document.documentElement.lang !== "en";
  const columns = words.fields.map((one) => ({ text: chinese ? one.zh : one.name, names: [one.name, one.zh, one.en.toLowerCase()], shown: chinese ? one.name : one.en }));
  const functions = words.functions.map((one) => ({ text: one.written, names: [one.name, one.zh, one.en], shown: own(one) }));
  const indicators = words.indicators.flatMap((one) =>
    one.outputs.map((output, place) => {
      const name = one.outputs.length > 1 ? `${one.name}.${output}` : one.name;
      const told = one.outputs.length > 1 ? `${own(one)} ${chinese ? one.outputs_zh[place] : output}` : own(one);
      return { text: one.numbers.length ? `${name}(${one.numbers.join(",")})` : name, names: [name, one.zh.toLowerCase(), one.en.toLowerCase()], shown: told };
    }),
  );
  const joins = ["and", "or", "not"].map((text) => ({ text, names: [text], shown: "" }));
  return [...columns, ...functions, ...joins, ...indicators];
}
