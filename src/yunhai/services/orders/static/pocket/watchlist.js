/** The list that the quotes page shows: the first of a person's watchlists, kept by the cloud (services/quotes). */

import { MOST, change, load, make } from "/static/quotes/watchlists.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { word } from "/static/shell/js/words.js";

const FIRST = 12;

export class Watchlist {
  /** Before anything is kept, the day's first securities are shown, and kept with the first change. */
  constructor(securities) {
    this.list = null;
    this.first = securities.slice(0, FIRST).map((one) => one.code);
    this.known = new Set(securities.map((one) => one.code));
  }

  /** Asks for the list, bringing along what this browser kept by itself before. */
  async load(account) {
    try {
      [this.list = null] = await load(account);
    } catch (error) {
      toast("bad", told(error));
    }
  }

  /** What is shown: codes of today's market, in their order. */
  get codes() {
    return (this.list?.codes ?? this.first).filter((code) => this.known.has(code));
  }

  async keep(codes) {
    try {
      this.list = this.list ? await change(this.list.id, { codes }) : await make(word("watch.first"), codes);
    } catch (error) {
      toast("bad", told(error), error.remedy ?? "");
    }
  }

  async add(code) {
    const codes = this.list?.codes ?? this.first;
    if (!codes.includes(code)) await this.keep([...codes, code].slice(-MOST));
  }

  async remove(code) {
    await this.keep((this.list?.codes ?? this.first).filter((one) => one !== code));
  }
}
