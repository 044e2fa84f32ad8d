/**
 * The ticket 委託單. Whatever is typed is checked by the gate itself (preview) a moment later: the first failing check in words, or
 * the cost, tax and reservation, stand there before the button can be pressed. The order's client id is made before the click
 * and sent with it: a second click, or the same request sent twice by a bad line, is the same order.
 */

import { money, price, priceText, readable, stepped, units } from "/static/shell/js/format.js";
import { toast } from "/static/shell/js/toast.js";
import { checkText, told } from "/static/shell/js/trade.js";
import { language, word } from "/static/shell/js/words.js";
import { cloudKeys, cloudSigner } from "/static/trust/cloud_key.js";
import { consent, page, touchAccount, trading, unit, watchAccount } from "./page.js";

const QUIET_MS = 160;
const REST_MS = 1200;

export class Ticket {
  constructor(form, security) {
    this.form = form;
    this.security = security;
    this.steps = security.ticks.map((row) => ({ at: units(row.price), tick: units(row.tick) }));
    this.up = units(security.limit_up) ?? 0n;
    this.down = units(security.limit_down) ?? 0n;
    this.clientId = crypto.randomUUID();
    this.sending = false;
    this.resting = false; // a moment after an order was taken: the second half of a double click orders nothing
    this.asked = 0;
    this.reviewed = "";
    this.holding = null;
    this.wire();
    watchAccount((state) => {
      this.holding = state.positions.find((one) => one.code === security.code) ?? null;
      if (!this.sending && this.reviewed) this.review();
    });
    this.cloud = null;
    this.offerCloud();
    this.shape();
    this.review();
  }

  /** A person with a key in the cloud chooses which key signs. */
  async offerCloud() {
    const [found] = await cloudKeys();
    if (!found) return;
    this.cloud = { key: found.key, ask: cloudSigner(found.credential) };
    this.part("#sign-with").hidden = false;
    this.form.addEventListener("change", () => this.note());
  }

  byCloud() {
    return this.cloud !== null && this.get("signer") === "cloud";
  }

  note() {
    this.part("#signed-note").textContent = word(this.byCloud() ? "ticket.by_cloud" : "ticket.by_device");
  }

  get(name) {
    return this.form.elements[name].value;
  }

  part(selector) {
    return this.form.querySelector(selector);
  }

  wire() {
    const { form } = this;
    for (const chip of form.querySelectorAll("[data-price]")) {
      const value = this.security[chip.dataset.price];
      chip.hidden = !value;
      chip.textContent = `${word(`ticket.${chip.dataset.price}`)} ${price(value)}`;
      chip.addEventListener("click", () => this.setPrice(value));
    }
    for (const button of form.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(button.dataset.target, Number(button.dataset.step)));
    }
    for (const name of ["price", "quantity"]) {
      form.elements[name].addEventListener("keydown", (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        this.step(name, event.key === "ArrowUp" ? 1 : -1);
      });
      form.elements[name].addEventListener("focus", (event) => event.target.select());
    }
    form.addEventListener("input", () => {
      this.shape();
      this.later();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  setPrice(text) {
    if (this.get("order_type") === "market") this.form.elements.order_type.value = "limit";
    this.form.elements.price.value = priceText(units(text));
    this.shape();
    this.later();
  }

  /** One tick, or one lot or share, more or less. */
  step(name, way) {
    const input = this.form.elements[name];
    if (input.disabled) return;
    if (name === "price") {
      const now = units(input.value) ?? units(this.security.reference);
      if (now === null || this.steps.length === 0) return;
      input.value = priceText(stepped(this.steps, now, way, { up: this.up, down: this.down }));
    } else {
      input.value = String(Math.max(1, (Number.parseInt(input.value, 10) || 0) + way));
    }
    this.later();
  }

  /** What the side, unit and kind change on the form itself. */
  shape() {
    const { elements } = this.form;
    const odd = this.get("segment") === "odd_lot";
    if (odd) {
      elements.order_type.value = "limit";
      elements.time_in_force.value = "rod";
    }
    elements.order_type.disabled = odd;
    elements.time_in_force.disabled = odd;
    const market = elements.order_type.value === "market";
    for (const control of this.form.querySelectorAll('[data-target="price"], [name="price"]')) control.disabled = market;
    elements.price.placeholder = market ? word("ticket.market") : "";
    this.part('[data-field="quantity-label"]').textContent = word(odd ? "ticket.quantity_shares" : "ticket.quantity_lots");
    this.paint();
  }

  /** The button's words and colour. */
  paint() {
    const side = this.get("side");
    const button = this.part("#send");
    button.classList.toggle("buy", side === "buy");
    button.classList.toggle("sell", side === "sell");
    const fields = this.fields();
    const amount = fields.quantity ? unit(this.get("segment") === "odd_lot" ? "share" : "lot", Number(this.get("quantity"))) : "";
    const at = fields.order_type === "market" ? word("ticket.market") : fields.price ? price(fields.price) : "";
    button.textContent = [word(`side.${side}`), amount, at && `@ ${at}`].filter(Boolean).join(" ");
  }

  /** The order as typed; `quantity` 0 and `price` "" where nothing can be read. */
  fields() {
    const odd = this.get("segment") === "odd_lot";
    const typed = /^\d{1,7}$/.test(this.get("quantity").trim()) ? Number(this.get("quantity")) : 0;
    const orderType = this.get("order_type");
    const value = orderType === "market" ? null : units(this.get("price"));
    return {
      action: "new", code: this.security.code, segment: this.get("segment"), side: this.get("side"), order_type: orderType,
      time_in_force: this.get("time_in_force"), credit: "cash", price: value && value > 0n ? priceText(value) : "", quantity: odd ? typed : typed * this.security.lot,
    };
  }

  later() {
    this.paint();
    this.part("#send").disabled = true;
    this.part("#review").setAttribute("aria-busy", "true");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.review(), QUIET_MS);
  }

  /** Asks the gate. Only the answer to the latest question is shown. */
  async review() {
    clearTimeout(this.timer);
    const fields = this.fields();
    if (!fields.quantity || (fields.order_type === "limit" && !fields.price)) {
      this.question?.abort();
      this.reviewed = "";
      this.say("hush", word(this.get("price") && !fields.price && fields.order_type === "limit" ? "ticket.bad_price" : "ticket.enter"));
      this.costs(null);
      return;
    }
    this.question?.abort();
    this.question = new AbortController();
    const key = JSON.stringify(fields);
    try {
      const answer = await trading.preview(fields, this.clientId, this.question.signal);
      if (key !== JSON.stringify(this.fields())) return;
      this.show(answer, key);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.reviewed = "";
      this.costs(null);
      this.say("bad", told(error), error.remedy);
    }
  }

  show(answer, key) {
    this.costs(answer);
    this.checks(answer.checks);
    if (answer.error) {
      this.reviewed = "";
      const chinese = language === "zh";
      const text = readable(chinese ? answer.error.zh : answer.error.en);
      this.say("bad", `${text} (${answer.error.code})`, chinese ? answer.error.remedy_zh : answer.error.remedy_en);
      return;
    }
    this.reviewed = key;
    this.say("good", word("ticket.passes"));
    this.part("#send").disabled = this.sending || this.resting;
  }

  say(tone, text, remedy = "") {
    const box = this.part("#verdict");
    this.part("#review").setAttribute("aria-busy", "false");
    if (tone !== "good") this.part("#send").disabled = true;
    const line = document.createElement("p");
    line.textContent = text;
    if (tone === "hush") line.className = "hush";
    const notice = document.createElement("div");
    notice.className = tone === "hush" ? "" : `notice ${tone}`;
    const body = document.createElement("div");
    body.append(line);
    if (remedy) {
      const more = document.createElement("p");
      more.className = "remedy";
      more.textContent = remedy;
      body.append(more);
    }
    notice.append(body);
    box.replaceChildren(notice);
  }

  costs(answer) {
    const list = this.part("#cost");
    list.hidden = !answer;
    this.part("#checks").hidden = !answer;
    if (!answer) return;
    const held = [];
    if ((units(answer.reserved.cash) ?? 0n) > 0n) held.push(`NT$ ${money(answer.reserved.cash)}`);
    if (answer.reserved.shares > 0) held.push(unit("share", answer.reserved.shares));
    const set = (name, text) => {
      list.querySelector(`[data-cost="${name}"]`).textContent = text;
    };
    set("value", money(answer.value));
    set("commission", money(answer.commission));
    set("tax", money(answer.tax));
    set("reserved", held.join(" · ") || "0");
    set("after", money(answer.buying_power_after));
  }

  checks(all) {
    const passed = all.filter((one) => one.verdict === "passed").length;
    this.part('[data-field="checks-count"]').textContent = word("ticket.checks", { passed, all: all.length, later: all.filter((one) => one.verdict === "skipped").length });
    this.part("#checks-list").replaceChildren(
      ...all.map((one) => {
        const item = document.createElement("li");
        item.className = one.verdict;
        item.textContent = checkText(one) || one.check;
        const mark = document.createElement("span");
        mark.className = "unseen";
        mark.textContent = ` ${word(`verdict.${one.verdict}`)}`;
        item.append(mark);
        return item;
      }),
    );
  }

  async send() {
    const fields = this.fields();
    if (this.sending || this.resting || this.reviewed !== JSON.stringify(fields)) return;
    this.sending = true;
    const button = this.part("#send");
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const cloud = this.byCloud() ? { key: this.cloud.key, sign: (text) => this.cloud.ask(text, `${this.security.code} ${button.textContent}`) } : null;
      const ack = await trading.place(fields, this.clientId, consent, cloud);
      if (ack) this.acknowledged(ack);
      if (ack) this.rest();
    } catch (error) {
      this.refused(error);
      if (error.status >= 400 && error.status < 500) this.clientId = crypto.randomUUID();
    } finally {
      this.sending = false;
      button.removeAttribute("aria-busy");
      this.review();
    }
  }

  rest() {
    this.clientId = crypto.randomUUID();
    this.resting = true;
    setTimeout(() => {
      this.resting = false;
      this.review();
    }, REST_MS);
  }

  acknowledged(ack) {
    const box = document.createElement("div");
    box.className = "notice good";
    const line = document.createElement("p");
    line.append(`${word("ticket.sent")} `);
    const link = document.createElement("a");
    link.href = `${page.timeline}order:${ack.order_id}/`;
    link.textContent = ack.order_number;
    line.append(link);
    box.append(line);
    this.part("#result").replaceChildren(box);
    touchAccount();
    document.dispatchEvent(new CustomEvent("pocket:sent", { detail: ack }));
  }

  refused(error) {
    this.part("#result").replaceChildren();
    toast("bad", told(error), error.remedy ?? "");
  }
}
