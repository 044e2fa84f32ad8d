/**
 * The desk's orders of the day, newest first, kept live: each row offers only what its order's state allows.
 *
 * Rows begin as what the acknowledgement or the web API says; the core's own view of an account replaces them whenever the
 * stream tells that one of its orders moved. One row is in the tab order at a time; arrows move within the list.
 */

import { orders as liveOrders } from "../shell/js/trade.js";
import { listen } from "../shell/js/stream.js";
import { count, price } from "../shell/js/format.js";
import { ask, at, made, page, say } from "./page.js";
import { sequenceOf } from "./ticket.js";

const LIVE = new Set(["queued", "waiting", "sent", "resting", "open", "partly"]);
const GOOD = { filled: "good", refused: "bad", queued: "wait", waiting: "wait", resting: "note", partly: "note", open: "note", sent: "note" };
const PAUSE_MS = 400;
const FALLBACK_MS = 4000;

const rows = new Map(); // order_id -> order
const elements = new Map();
const followed = new Set();
const dirty = new Set();
let timer = 0;
let chosen = null;
let act = () => {};
let clientAccount = () => null;

export const live = (order) => LIVE.has(order.state);

/** What may be done with an order now: X cancel, C cut, P re-price. */
export function allowed(order) {
  if (!live(order)) return [];
  const most = order.quantity - order.filled;
  const actions = ["cancel"];
  if (most > 1) actions.push("cut");
  if (order.order_type === "limit" && order.segment === "board") actions.push("reprice");
  return actions;
}

const KEYS = { x: "cancel", c: "cut", p: "reprice" };

function cell(text, attributes = {}) {
  return made("td", text, attributes);
}

function filledRow(order) {
  const row = elements.get(order.order_id) ?? made("tr", "", { "data-order": order.order_id, tabindex: "-1" });
  elements.set(order.order_id, row);
  const number = made("th", "", { scope: "row", class: "mono nowrap" });
  number.append(made("a", order.order_number, { href: `/timeline/order:${order.order_id}/`, tabindex: "-1" }));
  const sequence = sequenceOf(order.order_number, page.terminal);
  const side = cell("", { "data-label": say("column.side") });
  side.append(made("span", say(`side.${order.side}`), { class: `badge ${order.side}` }));
  const state = cell("", { "data-label": say("column.state") });
  state.append(made("span", say(`state.${order.state}`), { class: `badge ${GOOD[order.state] ?? ""}` }));
  if (order.queue) state.append(made("span", say(`queue.${order.queue}`), { class: "sub" }));
  const buttons = made("td", "", { class: "across" });
  const box = made("div", "", { class: "actions" });
  for (const action of allowed(order)) {
    const button = made("button", say(`action.${action}`), { type: "button", class: "button little", tabindex: "-1", "data-action": action });
    button.addEventListener("click", () => act(action, order));
    box.append(button);
  }
  buttons.append(box);
  row.replaceChildren(
    number,
    cell(sequence === null ? "–" : String(sequence), { class: "num", "data-label": say("column.sequence") }),
    cell((order.time ?? "").slice(0, 8), { "data-label": say("column.time") }),
    cell(order.number ?? "", { "data-label": say("column.account") }),
    cell(order.code, { "data-label": say("column.code") }),
    side,
    cell(order.order_type === "market" ? say("market") : price(order.price), { class: "num", "data-label": say("column.price") }),
    cell(count(order.quantity), { class: "num", "data-label": say("column.shares") }),
    cell(count(order.filled), { class: "num", "data-label": say("column.filled") }),
    state,
    cell(order.record ?? "", { class: "mono small", "data-label": say("column.record") }),
    buttons,
  );
  row.hidden = (at("only-open").checked && !live(order)) || (at("only-client").checked && order.account !== clientAccount());
  return row;
}

function arrange() {
  const sorted = [...rows.values()].sort((one, other) => other.order_id - one.order_id);
  at("blotter").replaceChildren(...sorted.map(filledRow));
  at("blotter-count").textContent = String(rows.size);
  at("blotter-empty").hidden = rows.size > 0;
  choose(chosen && rows.has(chosen) ? chosen : (sorted[0]?.order_id ?? null), { focus: false });
}

function choose(id, { focus }) {
  chosen = id;
  for (const [other, row] of elements) {
    row.setAttribute("tabindex", other === id ? "0" : "-1");
    row.setAttribute("aria-selected", other === id ? "true" : "false");
  }
  if (focus && id !== null) elements.get(id)?.focus();
}

/** Puts an order in, or what is new of it. */
export function put(order) {
  const known = rows.get(order.order_id);
  const all = { ...known, ...order };
  rows.set(order.order_id, all);
  follow(order.account);
  if (!known) {
    at("blotter").prepend(filledRow(all));
    at("blotter-count").textContent = String(rows.size);
    at("blotter-empty").hidden = true;
    choose(order.order_id, { focus: false });
  } else filledRow(all);
}

function follow(account) {
  if (followed.has(account)) return;
  followed.add(account);
  listen({ channel: "orders", account }, () => soon(account));
}

function soon(account) {
  dirty.add(account);
  timer ||= setTimeout(refresh, PAUSE_MS);
}

async function refresh() {
  timer = 0;
  const accounts = [...dirty];
  dirty.clear();
  for (const account of accounts) {
    try {
      for (const order of await liveOrders(account)) if (rows.has(order.order_id)) put({ ...order, account });
    } catch {
      /* the connection's light says it; the next message or the clock asks again */
    }
  }
}

async function begin() {
  try {
    for (const order of (await ask("GET", "/desk/orders")).orders.toReversed()) rows.set(order.order_id, order);
    for (const order of rows.values()) if (live(order)) follow(order.account);
    arrange();
  } catch {
    arrange();
  }
}

/** The list's keys; true when one was taken. */
function keyed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const shown = [...at("blotter").children].filter((row) => !row.hidden);
  const here = shown.findIndex((row) => Number(row.dataset.order) === chosen);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step !== undefined && shown[here + step]) {
    event.preventDefault();
    choose(Number(shown[here + step].dataset.order), { focus: true });
    return;
  }
  const action = KEYS[event.key.toLowerCase()];
  const order = rows.get(chosen);
  if (action && order && at("desk").dataset.shortcuts === "on" && allowed(order).includes(action)) {
    event.preventDefault();
    act(action, order);
  }
}

/** Puts the keyboard into the list. */
export function toBlotter() {
  if (chosen !== null) choose(chosen, { focus: true });
}

export function startBlotter({ acted, client }) {
  act = acted;
  clientAccount = client;
  at("blotter").addEventListener("keydown", keyed);
  at("blotter").addEventListener("focusin", (event) => {
    const row = event.target.closest("tr");
    if (row) choose(Number(row.dataset.order), { focus: false });
  });
  for (const id of ["only-open", "only-client"]) at(id).addEventListener("change", arrange);
  setInterval(() => {
    if (document.hidden) return;
    for (const order of rows.values()) if (live(order)) soon(order.account);
  }, FALLBACK_MS);
  begin();
}
