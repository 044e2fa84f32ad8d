/** Sharing a moment, keeping it, going to one, and taking events away: the room's dialogs. */

import { page } from "/static/pocket/page.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { count } from "/static/shell/js/format.js";
import { at, clockOf, say } from "./parts.js";

const MS_SHAPE = /^\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?$/;

export class Share {
  constructor(room) {
    this.room = room;
    at("share").addEventListener("click", () => this.share());
    at("bookmark").addEventListener("click", () => this.keep());
    at("go").addEventListener("click", () => this.go());
    at("share-copy").addEventListener("click", () => this.copy());
    at("bookmark-form").addEventListener("submit", (event) => this.kept(event));
    at("go-form").addEventListener("submit", (event) => this.gone(event));
  }

  /** The moment's permalink: { link, time }, or null if it is refused. */
  async link() {
    if (!this.room.here) return null;
    if (this.room.here.playing) await this.room.move({ op: "pause" });
    try {
      return await this.room.line.ask({ op: "link", view: this.room.view() });
    } catch (error) {
      this.room.failed(error);
      return null;
    }
  }

  address(link) {
    return `${location.origin}${page.room}?${link}`;
  }

  async share() {
    const found = await this.link();
    if (!found) return;
    const { here, opened } = this.room;
    at("share-link").value = this.address(found.link);
    at("share-moment").textContent = `${opened.day} ${clockOf(found.time)}`;
    at("share-position").textContent = count(here.position);
    at("share-hash").textContent = here.hash;
    at("share-dialog").showModal();
    await this.copy();
  }

  async copy() {
    const input = at("share-link");
    try {
      await navigator.clipboard.writeText(input.value);
      at("share-said").textContent = say("copied");
    } catch {
      input.focus();
      input.select();
      at("share-said").textContent = say("copy_by_hand");
    }
  }

  async keep() {
    this.found = await this.link();
    if (!this.found) return;
    at("bookmark-wrong").hidden = true;
    at("bookmark-name").value = `${this.room.active} ${clockOf(this.found.time)}`;
    at("bookmark-dialog").showModal();
    at("bookmark-name").select();
  }

  async kept(event) {
    event.preventDefault();
    try {
      await this.room.bookmarks.keep(at("bookmark-name").value.trim(), this.found.link, this.room.fixed);
    } catch (error) {
      at("bookmark-wrong").textContent = told(error);
      at("bookmark-wrong").hidden = false;
      return;
    }
    at("bookmark-dialog").close();
    toast("good", say("bookmarked"));
  }

  go() {
    if (!this.room.here) return;
    at("go-wrong").hidden = true;
    at("go-where").value = "";
    at("go-where").placeholder = clockOf(this.room.here.time);
    at("go-dialog").showModal();
  }

  /** A time has a colon, a position a mark before it; else it is an order's number. */
  gone(event) {
    event.preventDefault();
    const text = at("go-where").value.trim();
    const where = MS_SHAPE.test(text) ? { time: text.padStart(text.indexOf(":") === 1 ? text.length + 1 : 0, "0") } : /^@\d{1,9}$/.test(text) ? { position: Number(text.slice(1)) } : /^#?\d{1,15}$/.test(text) ? { order: Number(text.replace("#", "")) } : null;
    if (!where) {
      at("go-wrong").textContent = say("go_wrong");
      at("go-wrong").hidden = false;
      return;
    }
    at("go-dialog").close();
    this.room.seek(where);
  }
}
