/** The search field over all securities of the day: a combobox, by code or name, with arrow keys; `/` puts the cursor in it. */

import { word } from "/static/shell/js/words.js";

const MOST = 12;
const KEYBOARD = matchMedia("(hover: hover) and (pointer: fine) and (min-width: 56.01rem)");

export class Finder {
  constructor(input, list, securities, chosen) {
    this.input = input;
    this.list = list;
    this.securities = securities;
    this.chosen = chosen;
    this.at = -1;
    if (KEYBOARD.matches) input.placeholder += "  ( / )"; // a phone has no such key
    input.addEventListener("input", () => this.search());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
    if (input.value && document.activeElement === input) this.search(); // typed before the securities had come
  }

  search() {
    const text = this.input.value.trim().toUpperCase();
    const found = text ? this.securities.filter((one) => one.code.startsWith(text) || one.name.toUpperCase().includes(text)).slice(0, MOST) : [];
    this.list.replaceChildren(
      ...found.map((one, place) => {
        const item = document.createElement("li");
        item.id = `found-${place}`;
        item.setAttribute("role", "option");
        item.dataset.code = one.code;
        const code = document.createElement("strong");
        code.textContent = one.code;
        item.append(code, ` ${one.name}`);
        item.addEventListener("mousedown", (event) => {
          event.preventDefault();
          this.choose(one.code);
        });
        return item;
      }),
    );
    const none = text !== "" && found.length === 0;
    if (none) {
      const item = document.createElement("li");
      item.className = "none hush";
      item.setAttribute("role", "option");
      item.setAttribute("aria-disabled", "true");
      item.textContent = word("find.none", { text: this.input.value.trim() });
      this.list.append(item);
    }
    this.open(found.length > 0 || none);
    this.move(found.length > 0 ? 0 : -1);
  }

  open(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
  }

  close() {
    this.open(false);
    this.input.removeAttribute("aria-activedescendant");
  }

  move(at) {
    const items = this.list.querySelectorAll("[data-code]");
    this.at = items.length ? (at + items.length) % items.length : -1;
    for (const [place, item] of [...items].entries()) item.setAttribute("aria-selected", String(place === this.at));
    if (this.at >= 0) {
      this.input.setAttribute("aria-activedescendant", items[this.at].id);
      items[this.at].scrollIntoView({ block: "nearest" });
    }
  }

  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(this.at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) {
      event.preventDefault();
      this.choose(this.list.querySelectorAll("[data-code]")[this.at].dataset.code);
    } else if (event.key === "Escape") {
      this.input.value = "";
      this.close();
    }
  }

  choose(code) {
    this.input.value = "";
    this.close();
    this.chosen(code);
  }
}
