/** Set-ups by name: the dialog that keeps what is on the chart, puts a kept one on it, and forgets one. */

import { calls } from "/static/shell/js/calls.js";
import { told } from "/static/shell/js/trade.js";

const call = calls("/charts");

export class Setups {
  /** `now()` is what is on the chart: { indicators, span, adjusted }; `put(setup)` puts another on it. */
  constructor(words, now, put) {
    Object.assign(this, { words, now, put });
    this.dialog = document.getElementById("setups");
    this.list = document.getElementById("setups-list");
    this.name = document.getElementById("setup-name");
    this.wrong = document.getElementById("setup-wrong");
    this.all = [];
    document.getElementById("open-setups").addEventListener("click", () => this.open());
    this.dialog.querySelector("form").addEventListener("submit", (event) => {
      if (event.submitter?.value !== "yes") return;
      event.preventDefault();
      this.try(() => this.keep());
    });
  }

  async open() {
    this.wrong.replaceChildren();
    this.dialog.showModal();
    await this.try(async () => (this.all = await call("GET", "/setups")));
  }

  async try(action) {
    this.wrong.replaceChildren();
    try {
      await action();
    } catch (error) {
      const text = document.createElement("p");
      text.className = "notice bad";
      text.textContent = told(error);
      this.wrong.append(text);
    }
    this.draw();
  }

  async keep() {
    const kept = await call("PUT", "/setups", { ...this.now(), name: this.name.value });
    this.all = [...this.all.filter((one) => one.setup !== kept.setup), kept].sort((one, other) => one.name.localeCompare(other.name));
    this.name.value = "";
  }

  async forget(setup) {
    await call("DELETE", `/setups/${setup}`);
    this.all = this.all.filter((one) => one.setup !== setup);
  }

  draw() {
    if (this.all.length === 0) {
      const none = document.createElement("li");
      none.className = "hush";
      none.textContent = this.words.no_setups;
      this.list.replaceChildren(none);
      return;
    }
    this.list.replaceChildren(
      ...this.all.map((one) => {
        const item = document.createElement("li");
        item.dataset.setup = one.setup;
        const take = document.createElement("button");
        take.type = "button";
        take.className = "button plain setup-take";
        take.textContent = one.name;
        const says = document.createElement("span");
        says.className = "small hush";
        says.textContent = one.indicators;
        take.append(says);
        take.addEventListener("click", () => {
          this.dialog.close("no");
          this.put(one);
        });
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "button plain little";
        remove.textContent = this.words.delete;
        remove.setAttribute("aria-label", this.words.delete_of.replace("{name}", one.name));
        remove.addEventListener("click", () => this.try(() => this.forget(one.setup)));
        item.append(take, remove);
        return item;
      }),
    );
  }
}
