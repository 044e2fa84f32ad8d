/** The search field over all securities of the day: a combobox, by code or name, with arrow keys; `/` puts the cursor in it. */

const MOST = 12;

export class Finder {
  constructor(input, list, securities, chosen) {
    this.input = input;
    this.list = list;
    this.securities = securities;
    this.chosen = chosen;
    this.at = -1;
    input.addEventListener("input", () => this.search());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
      event.preventDefault();
      input.focus();
      input.select();
    });
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
    this.open(found.length > 0);
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
    const items = this.list.children;
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
      this.choose(this.list.children[this.at].dataset.code);
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
