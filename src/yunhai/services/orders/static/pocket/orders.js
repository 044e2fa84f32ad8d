/**
 * Today's orders in a table that stays live: what stands, what filled, why one still waits, and what may be done with it now.
 *
 * Only actions that the order's state allows are there. Cut and re-price open a line beneath the order, checked while one types like
 * the ticket; a cancel asks once more in its place. Each has its client id before the click.
 */

import { money, price, priceText, readable, stepped, units } from "/static/shell/js/format.js";
import { toast } from "/static/shell/js/toast.js";
import { market, orders, told } from "/static/shell/js/trade.js";
import { language, word } from "/static/shell/js/words.js";
import { consent, page, soon, touchAccount, trading, unit } from "./page.js";

const LIVE = new Set(["waiting", "queued", "resting", "partly"]);
const TONE = { waiting: "wait", queued: "wait", resting: "note", partly: "note", filled: "good", refused: "bad" };
const QUIET_MS = 160;
const WAITING_MS = 1000;

export const isLive = (order) => LIVE.has(order.state) && order.leaves > 0;

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Lots where it is a board order of whole lots, else shares. */
export function amount(shares, order, lot = 1000) {
  return order.segment === "board" && shares % lot === 0 ? unit("lot", shares / lot) : unit("share", shares);
}

export class OrdersTable {
  /** `box` a [data-orders]; `wanted(order)` says which are shown; `counted(orders)` hears of each reading. */
  constructor(box, { wanted = () => true, counted = () => {} } = {}) {
    this.box = box;
    this.body = box.querySelector("tbody");
    this.wanted = wanted;
    this.counted = counted;
    this.all = [];
    this.rows = new Map();
    this.securities = new Map();
    this.refresh = soon(() => this.read());
    document.addEventListener("pocket:orders", () => this.refresh());
    document.addEventListener("pocket:sent", () => this.refresh());
    this.read();
  }

  async read() {
    try {
      const [day, all] = await Promise.all([market().catch(() => null), orders(page.account)]);
      for (const one of day?.securities ?? []) this.securities.set(one.code, one);
      this.all = all;
      this.problem("");
      this.draw();
      clearTimeout(this.waiting); // why an order waits for a line changes without an event of the order itself
      if (this.all.some((order) => order.queue || order.instructions?.length)) this.waiting = setTimeout(this.refresh, WAITING_MS);
    } catch (error) {
      this.problem(told(error));
    }
  }

  problem(text) {
    const box = this.box.querySelector("[data-orders-error]");
    box.hidden = !text;
    if (text) {
      const notice = element("div", "notice bad");
      notice.setAttribute("role", "alert");
      notice.append(element("p", "", text));
      box.replaceChildren(notice);
    }
    this.box.querySelector("[data-orders-wait]").hidden = true;
  }

  draw() {
    const shown = this.all.filter(this.wanted);
    this.box.querySelector("[data-orders-wait]").hidden = true;
    this.box.querySelector("[data-orders-box]").hidden = shown.length === 0;
    const empty = shown.length > 0 ? "" : this.all.length > 0 ? "view" : "day"; // none of these, or none at all
    for (const one of this.box.querySelectorAll("[data-orders-empty]")) one.hidden = one.dataset.ordersEmpty !== empty;
    const kept = new Set(shown.map((order) => String(order.order_id)));
    for (const [id, row] of this.rows) {
      if (kept.has(id)) continue;
      row.editor?.remove();
      row.element.remove();
      this.rows.delete(id);
    }
    let place = null;
    for (const order of shown) {
      const id = String(order.order_id);
      const row = this.rows.get(id) ?? this.made(id);
      this.fill(row, order);
      const after = place ? (this.rows.get(place).editor ?? this.rows.get(place).element).nextElementSibling : this.body.firstElementChild;
      if (after !== row.element) {
        this.body.insertBefore(row.element, after);
        if (row.editor) row.element.after(row.editor);
      }
      place = id;
    }
    this.counted(this.all);
  }

  made(id) {
    const tr = element("tr");
    tr.dataset.order = id;
    const cells = {};
    for (const name of ["number", "security", "side", "price", "filled", "state", "actions"]) {
      const cell = element(name === "number" ? "th" : "td");
      if (name === "number") cell.scope = "row";
      if (name === "price" || name === "filled") cell.className = "num";
      if (name === "security" || name === "side") cell.classList.add(`of-${name}`);
      if (name === "security" || name === "actions" || name === "number") cell.classList.add("across");
      if (name === "price" || name === "filled" || name === "side" || name === "state") cell.dataset.label = word(`orders.${name}`);
      cells[name] = cell;
      tr.append(cell);
    }
    const row = { element: tr, cells, editor: null, signature: "" };
    this.rows.set(id, row);
    return row;
  }

  fill(row, order) {
    const signature = JSON.stringify(order);
    if (row.signature === signature) return;
    row.signature = signature;
    row.order = order;
    const { cells } = row;
    const link = element("a", "mono", order.order_number || `#${order.order_id}`);
    link.href = `${page.timeline}order:${order.order_id}/`;
    cells.number.replaceChildren(link);
    const known = this.securities.get(order.code);
    const security = element("a", "", `${order.code} ${known?.name ?? ""}`.trim());
    security.href = `${page.security}${order.code}/`;
    cells.security.replaceChildren(security);
    cells.side.replaceChildren(element("span", `badge ${order.side}`, word(`side.${order.side}`)));
    if (order.time_in_force !== "rod") cells.side.append(" ", element("span", "badge", order.time_in_force.toUpperCase()));
    cells.price.textContent = order.order_type === "market" ? word("ticket.market") : price(order.price);
    const lot = known?.lot ?? 1000;
    const ordered = isLive(order) ? order.filled + order.leaves : order.quantity; // what was cut is no longer ordered
    cells.filled.replaceChildren(`${amount(order.filled, order, lot)} / ${amount(ordered, order, lot)}`);
    if (order.filled > 0 && order.average_price) cells.filled.append(element("span", "sub", word("orders.average", { price: price(order.average_price) })));
    cells.state.replaceChildren(element("span", `badge ${TONE[order.state] ?? ""}`, word(`state.${order.state}`)));
    if (order.queue) cells.state.append(element("span", "sub", word(`queue.${order.queue}`)));
    for (const one of order.instructions ?? []) {
      const why = one.queue ? ` · ${word(`queue.${one.queue}`)}` : "";
      if (one.action !== "new") cells.state.append(element("span", "sub", `${word(`action.${one.action}_sent`)}${why}`));
    }
    this.actions(row, order);
  }

  actions(row, order) {
    const box = element("div", "row actions");
    if (isLive(order)) {
      const unit = order.segment === "board" ? (this.securities.get(order.code)?.lot ?? 1000) : 1;
      if (order.order_type === "limit") box.append(this.button(row, "reprice"));
      if (order.leaves > unit) box.append(this.button(row, "cut"));
      if (!order.instructions?.some((one) => one.action === "cancel")) box.append(this.button(row, "cancel"));
    } else if (row.editor) {
      this.close(row, false);
    }
    const focused = row.cells.actions.contains(document.activeElement) ? document.activeElement.dataset.action : "";
    row.cells.actions.replaceChildren(box);
    if (focused) box.querySelector(`[data-action="${focused}"]`)?.focus();
  }

  button(row, action) {
    const button = element("button", `button little${action === "cancel" ? " danger" : ""}`, word(`action.${action}`));
    button.type = "button";
    button.dataset.action = action;
    button.setAttribute("aria-label", `${word(`action.${action}`)} ${row.order.order_number}`);
    button.addEventListener("click", () => this.open(row, action));
    return button;
  }

  close(row, focus = true) {
    row.editor?.remove();
    row.editor = null;
    if (focus) (row.cells.actions.querySelector("button") ?? row.cells.number.querySelector("a")).focus();
  }

  /** The line beneath an order in which it is changed. */
  open(row, action) {
    this.close(row, false);
    const { order } = row;
    const tr = element("tr", "editor");
    const cell = element("td", "across");
    cell.colSpan = 7;
    const form = element("form", "row");
    form.noValidate = true;
    const says = element("span", "small grow");
    says.setAttribute("role", "status");
    const submit = element("button", `button little ${action === "cancel" ? "danger" : "main"}`, word(`action.${action}_now`));
    const leave = element("button", "button little plain", word("action.leave"));
    leave.type = "button";
    leave.addEventListener("click", () => this.close(row));
    const known = this.securities.get(order.code);
    const lots = order.segment === "board";
    const lot = lots ? (known?.lot ?? 1000) : 1;
    let input = null;
    if (action === "cancel") {
      form.append(element("span", "", word("action.cancel_sure", { number: order.order_number, left: amount(order.leaves, order, lot) })));
    } else {
      const id = `edit-${order.order_id}`;
      const label = element("label", "small", word(action === "cut" ? (lots ? "action.cut_lots" : "action.cut_shares") : "action.new_price"));
      label.htmlFor = id;
      input = element("input", "input narrow-input");
      input.id = id;
      input.inputMode = action === "cut" ? "numeric" : "decimal";
      input.value = action === "cut" ? "1" : priceText(units(order.price));
      input.autocomplete = "off";
      form.append(label, input);
    }
    form.append(submit, leave, says);
    cell.append(form);
    tr.append(cell);
    row.element.after(tr);
    row.editor = tr;
    tr.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close(row);
    });
    this.editing({ row, action, form, input, says, submit, lot, known });
    (input ?? submit).focus();
    input?.select();
  }

  editing({ row, action, form, input, says, submit, lot, known }) {
    const { order } = row;
    let clientId = crypto.randomUUID();
    let timer = 0;
    let sending = false;
    const fields = () => {
      if (action === "cancel") return { action, order: order.order_id };
      if (action === "cut") {
        const typed = /^\d{1,7}$/.test(input.value.trim()) ? Number(input.value) : 0;
        return typed ? { action, order: order.order_id, quantity: typed * lot } : null;
      }
      const value = units(input.value);
      return value && value > 0n ? { action, order: order.order_id, price: priceText(value) } : null;
    };
    const say = (tone, text) => {
      says.className = `small grow ${tone}`;
      says.textContent = text;
    };
    const check = async () => {
      const asked = fields();
      if (!asked) {
        submit.disabled = true;
        say("warn", word("ticket.enter"));
        return;
      }
      try {
        const answer = await trading.preview(asked, clientId);
        if (JSON.stringify(asked) !== JSON.stringify(fields())) return;
        submit.disabled = Boolean(answer.error) || sending;
        if (answer.error) say("bad-text", `${readable(language === "zh" ? answer.error.zh : answer.error.en)} (${answer.error.code})`);
        else if (action === "reprice") say("hush", word((units(answer.reserved.cash) ?? 0n) > 0n ? "action.reserves" : "action.reserves_none", { cash: money(answer.reserved.cash), after: money(answer.buying_power_after) }));
        else say("hush", action === "cut" ? word("action.left", { left: amount(order.leaves - asked.quantity, order, lot) }) : "");
      } catch (error) {
        say("bad-text", told(error));
      }
    };
    if (input) {
      const later = () => {
        submit.disabled = true;
        clearTimeout(timer);
        timer = setTimeout(check, QUIET_MS);
      };
      input.addEventListener("input", later);
      input.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        const way = event.key === "ArrowUp" ? 1 : -1;
        const ticks = (known?.ticks ?? []).map((line) => ({ at: units(line.price), tick: units(line.tick) }));
        if (action === "cut") input.value = String(Math.max(1, (Number.parseInt(input.value, 10) || 0) + way));
        else if (ticks.length > 0) input.value = priceText(stepped(ticks, units(input.value) ?? units(order.price), way, { up: units(known?.limit_up) ?? 0n, down: units(known?.limit_down) ?? 0n }));
        later();
      });
      check();
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const asked = fields();
      if (sending || submit.disabled || !asked) return;
      sending = true;
      submit.disabled = true;
      submit.setAttribute("aria-busy", "true");
      try {
        const ack = await trading.place(asked, clientId, consent);
        if (ack) {
          toast("good", word(`action.${action}_sent`), order.order_number);
          touchAccount();
          if (row.editor?.contains(form)) this.close(row); // else the next change is typed already
          this.refresh();
        }
      } catch (error) {
        if (error.status >= 400 && error.status < 500) clientId = crypto.randomUUID();
        toast("bad", told(error), error.remedy ?? "");
        say("bad-text", told(error));
      } finally {
        sending = false;
        submit.disabled = false;
        submit.removeAttribute("aria-busy");
      }
    });
  }
}
