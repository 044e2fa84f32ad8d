/** One's own screens: kept by the cloud, chosen from a list, renamed, brought up to date, deleted. */

import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { at, call, made, say } from "./parts.js";

export class Saved {
  /** `put(text)` shows a screen. */
  constructor(field, put) {
    this.field = field;
    this.put = put;
    this.screens = [];
    this.renames = false;
    at("own-screens").addEventListener("change", () => {
      if (this.now) put(this.now.text);
      this.tools();
    });
    at("save").addEventListener("click", () => this.ask(false));
    at("rename").addEventListener("click", () => this.ask(true));
    at("update").addEventListener("click", () => this.update());
    at("delete").addEventListener("click", () => this.remove());
    at("name-dialog").querySelector("form").addEventListener("submit", (event) => this.named(event));
  }

  get now() {
    return this.screens.find((one) => String(one.id) === at("own-screens").value) ?? null;
  }

  async load() {
    this.draw((await call("GET", "/screens")).screens, 0);
  }

  draw(screens, chosen) {
    this.screens = screens;
    const first = made("option", `– ${say("own")} (${screens.length}) –`, { value: "" });
    at("own-screens").replaceChildren(first, ...screens.map((one) => made("option", one.name, { value: one.id })));
    at("own-screens").value = chosen ? String(chosen) : "";
    this.tools();
  }

  tools() {
    at("own-tools").hidden = this.now === null;
  }

  ask(renames) {
    this.renames = renames;
    at("name-title").textContent = say(renames ? "rename_title" : "save_title");
    at("name").value = renames ? this.now.name : "";
    at("name-wrong").hidden = true;
    at("name-dialog").showModal();
  }

  async named(event) {
    event.preventDefault();
    const name = at("name").value.trim();
    try {
      const kept = this.renames ? await call("PUT", `/screens/${this.now.id}`, { name }) : await call("POST", "/screens", { name, text: this.field.value });
      const others = this.screens.filter((one) => one.id !== kept.id);
      this.draw([...others, kept].sort((one, other) => one.id - other.id), kept.id);
      toast("good", say("saved", { name: kept.name }));
    } catch (error) {
      at("name-wrong").textContent = told(error);
      at("name-wrong").hidden = false;
      return;
    }
    at("name-dialog").close();
  }

  async update() {
    try {
      const kept = await call("PUT", `/screens/${this.now.id}`, { text: this.field.value });
      this.draw(this.screens.map((one) => (one.id === kept.id ? kept : one)), kept.id);
      toast("good", say("updated", { name: kept.name }));
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
    }
  }

  async remove() {
    const { id, name } = this.now;
    try {
      await call("DELETE", `/screens/${id}`);
      this.draw(this.screens.filter((one) => one.id !== id), 0);
      toast("good", say("removed", { name }));
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
    }
  }
}
