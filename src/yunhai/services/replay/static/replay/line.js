/**
 * The conversation with /stream/v1/replay: one replay, one connection, made again whenever it is lost.
 *
 * `ask(message)` resolves with the answer (of `open` { opened, state }) or rejects with a Refusal. Answers come in the order of the
 * questions; what playing brings (`update`) comes between them. After each connection `ready` is called first: it opens what was
 * open before, so that everything asked later finds it. `link` is told live | connecting | reconnecting | offline.
 */

import { Refusal, refusalOf, token } from "/static/shell/js/token.js";
import { word } from "/static/shell/js/words.js";

const PAUSE_MS = [300, 700, 1500, 3000, 6000, 10_000];
const OFFLINE_AFTER = 3;
const RENEW_MS = 200_000;
const QUIET_MS = 20_000;
const ANSWER_MS = 60_000;
const CHECK_MS = 5000;

export class Line {
  constructor(path, { ready, update, link, ended }) {
    Object.assign(this, { path, ready, update, link });
    this.ended = ended;
    this.socket = null;
    this.live = false;
    this.asked = [];
    this.tries = 0;
    this.timer = 0;
    this.heard = 0;
    this.finished = false;
    setInterval(() => this.listenIn(), CHECK_MS);
    setInterval(() => this.renew(), RENEW_MS);
    addEventListener("offline", () => this.lost());
    addEventListener("online", () => {
      clearTimeout(this.timer);
      this.timer = 0;
      this.tries = 0;
      if (!this.socket) this.connect();
    });
    this.connect();
  }

  ask(message) {
    if (!this.live) return Promise.reject(new Refusal({ text: word("error.network") }));
    return this.said(message);
  }

  said(message) {
    return new Promise((resolve, reject) => {
      this.asked.push({ message, resolve, reject, opened: null, at: performance.now() });
      this.socket.send(JSON.stringify(message));
    });
  }

  // --- the connection ----------------------------------------------------------------------------------------------------

  async connect() {
    if (this.socket || this.timer || this.finished) return;
    const mark = {}; // stands for the socket until there is one
    this.socket = mark;
    let claims;
    try {
      claims = await token();
    } catch {
      if (this.socket === mark) this.lost();
      return;
    }
    if (this.socket !== mark) return;
    const address = new URL(this.path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(address);
    this.socket = mine;
    mine.addEventListener("open", () => mine.send(JSON.stringify({ op: "auth", token: claims.text })));
    mine.addEventListener("message", (event) => this.socket === mine && this.received(JSON.parse(event.data)));
    mine.addEventListener("close", () => this.socket === mine && this.lost());
  }

  async renew() {
    if (!this.live) return;
    const { socket } = this;
    const fresh = await token({ fresh: true }).catch(() => null);
    if (fresh && socket === this.socket && this.live) socket.send(JSON.stringify({ op: "auth", token: fresh.text }));
  }

  lost() {
    const dead = this.socket;
    this.socket = null;
    this.live = false;
    if (dead instanceof WebSocket) dead.close();
    for (const { reject } of this.asked.splice(0)) reject(new Refusal({ text: word("error.network") }));
    if (this.finished || (!dead && this.timer)) return;
    this.tries += 1;
    this.link(!navigator.onLine || this.tries > OFFLINE_AFTER ? "offline" : "reconnecting");
    clearTimeout(this.timer);
    const pause = PAUSE_MS[Math.min(this.tries, PAUSE_MS.length) - 1];
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.connect();
    }, pause * (0.7 + 0.6 * Math.random()));
  }

  /** Give up for good: somebody who may not replay would only be refused again. */
  finish() {
    this.finished = true;
    this.lost();
  }

  /** A line can be dead without anybody having said so: after a silence something is asked, and no answer is the end of it. */
  listenIn() {
    if (!this.live) return;
    const now = performance.now();
    if (this.asked.length > 0 && now - Math.max(this.asked[0].at, this.heard) > ANSWER_MS) this.lost();
    else if (this.asked.length === 0 && now - this.heard > QUIET_MS) this.said({ op: "sources" }).catch(() => {});
  }

  // --- what is told ------------------------------------------------------------------------------------------------------

  received(message) {
    this.heard = performance.now();
    if (message.op === "authenticated") {
      if (!this.live) this.begin();
    } else if (message.op === "update") this.update(message);
    else if (message.op === "opened") this.asked[0].opened = message;
    else if (message.op === "refused") this.refused(refusalOf(0, message));
    else {
      const first = this.asked.shift();
      first?.resolve(first.opened ? { opened: first.opened, state: message } : message);
    }
  }

  refused(refusal) {
    const first = this.asked.shift();
    if (first) first.reject(refusal);
    else this.ended(refusal); // of the connection itself
  }

  async begin() {
    this.live = true;
    this.link("connecting");
    try {
      await this.ready();
    } catch {
      return; // the connection is lost again, or what was open is refused: whoever asked has said so
    }
    if (!this.live) return;
    this.tries = 0;
    this.link("live");
  }
}
