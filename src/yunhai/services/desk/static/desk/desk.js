/**
 * The Client Desk's ticket: everything by keys, nothing sent that was not checked, read back and agreed to.
 *
 * Enter goes on (next field, check, sign and send), Esc goes back, F2 F4 F8 go to client, record and orders. The gate's own
 * preview runs while the clerk types; an answer that comes late for a ticket that has changed since is thrown away.
 */

import { checkText, security as securityOf, told, trader } from "../shell/js/trade.js";
import { deviceKey } from "../shell/js/signing.js";
import { listen } from "../shell/js/stream.js";
import { clockTime, count, money, price as priceShown, priceText, readable, stepped, units } from "../shell/js/format.js";
import { toast } from "../shell/js/toast.js";
import { language } from "../shell/js/words.js";
import { live, put, startBlotter, toBlotter } from "./blotter.js";
import { call, nextClient, onCall, recordOf, refresh, startCall } from "./client.js";
import { ask, at, goTo, made, page, pairs, say, wrong } from "./page.js";
import { FIELDS, nextField, read, sequenceOf, side } from "./ticket.js";

const PREVIEW_MS = 150;
const desk = at("desk");
const mine = { tenant: page.tenant, person: page.person, channel: page.channel, account: 0 };
const trading = trader(mine);

let security = null; // of the code typed
let quotesEnd = null;
let previewTimer = 0;
let previewAbort = null;
let checked = null; // { fields, clientId } that was read back
let busy = false;

// --- what is typed ---------------------------------------------------------------------------------------------------

function typed() {
  return Object.fromEntries([...FIELDS, "life"].map((name) => [name, at(name).value]));
}

/** The instruction's fields, or null while something is missing. */
function fields() {
  const { order, missing } = read(typed(), security ?? {});
  if (missing) return null;
  return { action: "new", ...order, ...evidence() };
}

function evidence(record = call.record) {
  if (!record) return {};
  return { instruction_kind: record.kind, instruction_id: record.record_id, instruction_at: record.at_ms };
}

async function codeTyped() {
  const code = at("code").value.trim().toUpperCase();
  if (security?.code === code) return;
  security = null;
  quotesEnd?.();
  quotesEnd = null;
  const line = at("security-line");
  if (!/^[0-9A-Z]{4,6}$/.test(code)) {
    line.replaceChildren(made("span", say("security.none"), { class: "faint" }));
    return;
  }
  try {
    const found = await securityOf(code);
    if (at("code").value.trim().toUpperCase() !== code) return;
    if (!found) {
      line.replaceChildren(made("span", say("security.unknown", { code }), { class: "up" }));
      return;
    }
    security = found;
    showSecurity(null);
    quotesEnd = listen({ channel: "quotes", codes: [code] }, (message) => quoted(code, message));
    changed();
  } catch (error) {
    line.replaceChildren(made("span", told(error), { class: "up" }));
  }
}

function quoted(code, message) {
  if (security?.code !== code) return;
  const data = message.data ?? {};
  const quote = data.code ? data : (data[code] ?? data.quotes?.find?.((one) => one.code === code && one.segment === "board"));
  if (quote && (!quote.code || quote.code === code)) showSecurity(quote);
}

function showSecurity(quote) {
  const part = (name, value, kind = "") => {
    const box = made("span", `${name} `, { class: "hush" });
    box.append(made("strong", value, kind ? { class: kind } : {}));
    return box;
  };
  const parts = [made("b", `${security.code} ${security.name}`)];
  if (security.suspended) parts.push(made("span", say("security.suspended"), { class: "badge bad" }));
  if (quote?.last) parts.push(part(say("security.last"), priceShown(quote.last)));
  parts.push(part(say("security.up"), priceShown(security.limit_up), "up"), part(say("security.down"), priceShown(security.limit_down), "down"));
  const held = call.client?.live?.positions?.find((one) => one.code === security.code);
  if (held) parts.push(part(say("security.sellable"), count(held.sellable)));
  at("security-line").replaceChildren(...parts);
}

function sideTyped() {
  const word = side(at("side").value);
  at("side").dataset.side = word ?? "";
  at("side-word").textContent = word ? say(`side.${word}`) : "";
  at("side-word").className = `side-word ${word === "buy" ? "up" : word === "sell" ? "down" : ""}`;
}

function priceStep(way) {
  const now = units(at("price").value || security?.reference || "");
  if (!security || now === null) return;
  const steps = security.ticks.map((row) => ({ at: units(row.price), tick: units(row.tick) }));
  if (steps.length === 0) return;
  const limits = { up: units(security.limit_up) ?? 0n, down: units(security.limit_down) ?? 0n };
  at("price").value = priceText(stepped(steps, now, way, limits));
  changed();
}

// --- checks while typing ---------------------------------------------------------------------------------------------

function changed() {
  checked = null;
  at("read-back").hidden = true;
  sideTyped();
  codeTyped();
  clearTimeout(previewTimer);
  previewTimer = setTimeout(preview, PREVIEW_MS);
}

async function preview() {
  previewAbort?.abort();
  const ticket = fields();
  if (!ticket || !call.client) {
    at("checks").replaceChildren();
    at("cost").hidden = true;
    at("ticket-wrong").replaceChildren();
    return null;
  }
  previewAbort = new AbortController();
  mine.account = call.client.account;
  const clientId = crypto.randomUUID();
  try {
    const answer = await trading.preview(ticket, clientId, previewAbort.signal);
    showPreview(answer);
    return { ticket, answer };
  } catch (error) {
    if (error.name !== "AbortError") refused(told(error), error.remedy);
    return null;
  }
}

function showPreview(answer) {
  at("checks").replaceChildren(
    ...answer.checks.map((check) => {
      const verdict = { passed: "pass", refused: "fail", failed: "fail" }[check.verdict] ?? "later";
      const item = made("li", "", { "data-verdict": verdict, title: verdict === "fail" ? checkText(check) : "" });
      item.append(made("span", page.checks[check.check] ?? check.check));
      return item;
    }),
  );
  pairsOfCost(answer);
  const error = answer.error;
  const chinese = language === "zh";
  if (error) refused(`${readable(chinese ? error.zh : error.en)} (${error.code})`, chinese ? error.remedy_zh : error.remedy_en);
  else at("ticket-wrong").replaceChildren();
}

function pairsOfCost(answer) {
  const cost = at("cost");
  cost.replaceChildren(
    ...[
      [say("cost.value"), money(answer.value)],
      [say("cost.commission"), money(answer.commission)],
      [say("cost.tax"), money(answer.tax)],
      [say("cost.after"), money(answer.buying_power_after)],
    ].map(([name, value]) => {
      const box = made("div");
      box.append(made("dt", name), made("dd", value));
      return box;
    }),
  );
  cost.hidden = false;
}

function refused(text, remedy = "") {
  const box = made("div", "", { class: "notice bad" });
  const inner = made("div");
  inner.append(made("p", text));
  if (remedy) inner.append(made("p", remedy, { class: "remedy" }));
  box.append(inner);
  at("ticket-wrong").replaceChildren(box);
}

// --- check, read back, send ------------------------------------------------------------------------------------------

async function enter(from) {
  if (busy) return;
  if (!call.client) {
    refused(say("need.client"));
    return nextClient();
  }
  if (!call.record) {
    refused(say("need.record"));
    return goTo(at("record-id"));
  }
  const next = nextField(from, typed(), security ?? {});
  if (next) {
    if (next === from) refused(say(`wrong.${next}`));
    return goTo(at(next));
  }
  busy = true;
  clearTimeout(previewTimer);
  try {
    await codeTyped();
    clearTimeout(previewTimer); // a code that is known only now asked for a preview of its own, which would take this one's place
    const result = await preview();
    if (!result || result.answer.error) return goTo(at(from));
    await readBack(result.ticket);
  } catch (error) {
    refused(told(error), error.remedy);
  } finally {
    busy = false;
  }
}

async function readBack(ticket) {
  const said = await ask("POST", "/instructions/read-back", {
    client: call.client.spoken, client_en: call.client.spoken_en, account: `${call.client.branch}-${call.client.number}`, side: ticket.side, code: ticket.code,
    name: security?.name ?? ticket.code, quantity: ticket.quantity, price: ticket.price, lot: security?.lot ?? 1000,
    time_in_force: ticket.time_in_force,
  });
  at("said-zh").textContent = said.zh;
  at("said-en").textContent = said.en;
  checked = { ticket, clientId: crypto.randomUUID() };
  const panel = at("read-back");
  panel.dataset.side = ticket.side;
  panel.hidden = false;
  at("send").className = `button tall ${ticket.side}`;
  at("send").focus();
}

function back() {
  at("read-back").hidden = true;
  checked = null;
  goTo(at("quantity"));
}

/** The device's first key: asked for once, in the browser's own words, by keys alone. */
function consent() {
  return new Promise((resolve) => {
    const dialog = at("key-dialog");
    at("key-name").value = page.device;
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? at("key-name").value.trim() || page.device : null), { once: true });
    dialog.showModal();
    goTo(at("key-name"));
  });
}

async function send() {
  if (!checked || busy) return;
  busy = true;
  at("send").setAttribute("aria-busy", "true");
  const { ticket, clientId } = checked;
  mine.account = call.client.account;
  try {
    const ack = await trading.place(ticket, clientId, consent);
    if (ack) sent(ticket, ack);
  } catch (error) {
    refused(told(error), error.remedy);
    back();
  } finally {
    busy = false;
    at("send").removeAttribute("aria-busy");
  }
}

function sent(ticket, ack) {
  at("no-key").hidden = true;
  put({
    ...ticket, order_id: ack.order_id, order_number: ack.order_number, account: call.client.account, number: call.client.number,
    time: clockTime(ack.market_time), filled: 0, state: "waiting", record: ticket.instruction_id,
  });
  at("last-number").textContent = ack.order_number;
  const sequence = sequenceOf(ack.order_number, page.terminal || ack.order_number.slice(0, 1));
  at("last-sequence").textContent = say("sequence", { number: sequence ?? "–" });
  at("last-time").textContent = clockTime(ack.market_time);
  document.title = `${ack.order_number} · ${page.title}`;
  for (const name of FIELDS) at(name).value = "";
  at("life").value = "r";
  checked = null;
  security = null;
  changed();
  refresh();
  goTo(at("code"));
}

// --- cancel, cut, re-price -------------------------------------------------------------------------------------------

let amending = null;

function amend(action, order) {
  if (!live(order)) return;
  amending = { action, order };
  at("amend-title").textContent = say(`action.${action}`);
  at("amend-order").textContent = `${order.order_number} · ${order.number ?? ""} · ${order.code} ${say(`side.${order.side}`)} ${priceShown(order.price)} × ${count(order.quantity)}`;
  at("amend-field").hidden = action === "cancel";
  at("amend-label").textContent = say(`amend.${action}`);
  at("amend-value").value = action === "reprice" ? order.price : "";
  at("amend-value").required = action !== "cancel";
  const record = recordOf(order.account);
  wrong(at("amend-wrong"), record ? "" : say("need.record"));
  at("amend-go").disabled = !record;
  at("amend").showModal();
  goTo(action === "cancel" ? (record ? at("amend-go") : at("amend-back")) : at("amend-value"));
}

async function amended(event) {
  event.preventDefault();
  if (busy || !amending) return;
  const { action, order } = amending;
  const ticket = { action, order: order.order_id, ...evidence(recordOf(order.account)) };
  const value = at("amend-value").value.trim();
  if (action === "cut") ticket.quantity = Number(value);
  if (action === "reprice") ticket.price = priceText(units(value) ?? 0n);
  if (action === "cut" && !(Number.isInteger(ticket.quantity) && ticket.quantity > 0)) return wrong(at("amend-wrong"), say("wrong.quantity"));
  if (action === "reprice" && units(value) === null) return wrong(at("amend-wrong"), say("wrong.price"));
  busy = true;
  mine.account = order.account;
  try {
    const ack = await trading.place(ticket, crypto.randomUUID(), consent);
    if (ack) {
      at("amend").close();
      toast("good", say(`done.${action}`), order.order_number);
      toBlotter();
    }
  } catch (error) {
    wrong(at("amend-wrong"), told(error));
  } finally {
    busy = false;
  }
}

// --- keys ------------------------------------------------------------------------------------------------------------

const SHORTCUTS = {
  F2: nextClient,
  F4: () => goTo(at("record-id")),
  F8: toBlotter,
};

function keys(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (desk.dataset.shortcuts === "on" && SHORTCUTS[event.key] && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    SHORTCUTS[event.key]();
  } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    if (!at("read-back").hidden) back();
    else if (at("ticket-form").contains(document.activeElement)) escapeField(document.activeElement);
    else if (call.client) goTo(at("code"));
  }
}

/** Esc in a field empties it; in an empty one it goes back to the one before. */
function escapeField(field) {
  if (field.value && field.id !== "life") {
    field.value = "";
    changed();
    return;
  }
  const before = FIELDS[FIELDS.indexOf(field.id) - 1];
  goTo(before ? at(before) : at("record-id"));
}

function shortcuts(on) {
  desk.dataset.shortcuts = on ? "on" : "off";
  at("shortcuts").checked = on;
  localStorage.setItem("yunhai_desk_shortcuts", on ? "on" : "off");
}

function ticketKeys(event) {
  if (event.isComposing) return;
  if (event.key === "Enter") {
    event.preventDefault();
    enter(event.target.id);
  } else if (event.target === at("price") && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    priceStep(event.key === "ArrowUp" ? 1 : -1);
  } else if (event.target === at("side") && event.key.length === 1 && side(event.key)) {
    event.preventDefault();
    at("side").value = event.key.toUpperCase();
    changed();
    goTo(at("price"));
  }
}

startCall();
onCall(() => {
  changed();
});
startBlotter({ acted: amend, client: () => call.client?.account ?? null });
at("ticket-form").addEventListener("input", changed);
at("ticket-form").addEventListener("keydown", ticketKeys);
at("ticket-form").addEventListener("submit", (event) => event.preventDefault());
at("send").addEventListener("click", send);
at("back").addEventListener("click", back);
at("amend-form").addEventListener("submit", amended);
at("key-later").addEventListener("click", () => at("key-dialog").close(""));
at("amend-back").addEventListener("click", () => at("amend").close());
at("shortcuts").addEventListener("change", (event) => shortcuts(event.target.checked));
document.addEventListener("keydown", keys);
shortcuts(localStorage.getItem("yunhai_desk_shortcuts") !== "off");
deviceKey(page.person).then((kept) => {
  at("no-key").hidden = kept !== null;
});
nextClient();

const asked = new URLSearchParams(location.search).get("code"); // from a security on the boards
if (asked) {
  at("code").value = asked.slice(0, 6).toUpperCase();
  codeTyped();
}
