/** Which codes a person watches, on this device, in their order. Kept per account in the browser; nothing of it is sent. */

const MOST = 40;
const FIRST = 12;

export class Watchlist {
  constructor(account, securities) {
    this.place = `yunhai.watch.${account}`;
    const known = new Set(securities.map((one) => one.code));
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.place) ?? "null");
    } catch {
      /* a list that cannot be read is no list */
    }
    const codes = Array.isArray(kept) ? kept.filter((code) => known.has(code)) : null;
    this.codes = codes ?? securities.slice(0, FIRST).map((one) => one.code);
  }

  save() {
    try {
      localStorage.setItem(this.place, JSON.stringify(this.codes));
    } catch {
      /* a full or forbidden store: the list lives as long as the page */
    }
  }

  add(code) {
    if (this.codes.includes(code)) return;
    this.codes = [...this.codes, code].slice(-MOST);
    this.save();
  }

  remove(code) {
    this.codes = this.codes.filter((one) => one !== code);
    this.save();
  }
}
