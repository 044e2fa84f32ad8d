/**
 * A batch of paper tickets: a line each, all checked by the gate before any is sent, each with its own record.
 *
 * A ticket's number is its record of instruction (written); the account is found by its number, for the reason of an order, with
 * a line in the register as at the ticket itself. Sending goes in the order of the lines and stops at nothing: what is refused
 * on the way is told at its line, and a line once sent is never sent again.
 */

import { checkText, told, trader } from "../shell/js/trade.js";
import { count, price as priceShown, readable } from "../shell/js/format.js";
import { language } from "../shell/js/words.js";
import { ask, at, goTo, made, page, say } from "./page.js";
import { paperLine, sequenceOf } from "./ticket.js";

const mine = { tenant: page.tenant, person: page.person, channel: page.channel, account: 0 };
const trading = trader(mine);
const clients = new Map(); // account number -> client or error text
const sent = new Map(); // ticket number -> order number
let tickets = [];
let busy = false;

async function clientOf(number) {
  if (!clients.has(number)) {
    try {
      const answer = await ask("POST", "/clients/search", { query: number, reason: "phone_order", reference: "" });
      clients.set(number, answer.client ?? say("paper.several"));
    } catch (error) {
      clients.set(number, told(error));
    }
  }
  return clients.get(number);
}

async function checkedTicket(line, seen) {
  const ticket = { line, ...paperLine(line), clientId: crypto.randomUUID() };
  if (ticket.wrong) return { ...ticket, verdict: say(`paper.${ticket.wrong}`) };
  if (sent.has(ticket.record)) return { ...ticket, number: sent.get(ticket.record), verdict: say("paper.sent"), good: true, gone: true };
  if (seen.has(ticket.record)) return { ...ticket, verdict: say("paper.twice") };
  seen.add(ticket.record);
  const client = await clientOf(ticket.account);
  if (typeof client === "string") return { ...ticket, verdict: client };
  ticket.client = client;
  mine.account = client.account;
  try {
    const evidence = { instruction_kind: "written", instruction_id: ticket.record, instruction_at: Date.now() };
    const answer = await trading.preview({ action: "new", ...ticket.order, ...evidence }, ticket.clientId);
    if (!answer.error) return { ...ticket, verdict: say("paper.passes"), good: true };
    const failed = answer.checks.find((check) => ["refused", "failed"].includes(check.verdict));
    const text = failed ? checkText(failed) : readable(language === "zh" ? answer.error.zh : answer.error.en);
    return { ...ticket, verdict: `${text} (${answer.error.code})` };
  } catch (error) {
    return { ...ticket, verdict: told(error) };
  }
}

function row(ticket) {
  const element = made("tr");
  const { order = {} } = ticket;
  const side = made("td");
  if (order.side) side.append(made("span", say(`side.${order.side}`), { class: `badge ${order.side}` }));
  const verdict = made("td", "", { class: "across" });
  verdict.append(made("span", ticket.verdict, { class: ticket.good ? "badge good" : "up" }));
  const sequence = ticket.number ? sequenceOf(ticket.number, page.terminal) : null;
  element.append(
    made("th", ticket.record ?? ticket.line.slice(0, 32), { scope: "row", class: "mono" }), made("td", ticket.account ?? ""), made("td", ticket.client?.name ?? ""),
    made("td", order.code ?? ""), side, made("td", order.order_type === "market" ? say("market") : priceShown(order.price ?? ""), { class: "num" }),
    made("td", order.quantity ? count(order.quantity) : "", { class: "num" }), verdict,
    made("td", ticket.number ? `${ticket.number} (${sequence ?? "–"})` : "", { class: "mono nowrap" }),
  );
  return element;
}

function shown() {
  at("lines").replaceChildren(...tickets.map(row));
  const good = tickets.filter((ticket) => ticket.good).length;
  at("summary").textContent = tickets.length ? say("paper.summary", { good, all: tickets.length }) : "";
  at("send").disabled = !tickets.some((ticket) => ticket.good && !ticket.gone);
}

async function check() {
  if (busy) return;
  busy = true;
  at("check").setAttribute("aria-busy", "true");
  const seen = new Set();
  tickets = [];
  try {
    for (const line of at("batch").value.split("\n").filter((text) => text.trim())) {
      tickets.push(await checkedTicket(line.trim(), seen));
      shown();
    }
  } finally {
    busy = false;
    at("check").removeAttribute("aria-busy");
    shown();
  }
}

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

async function sendOne(ticket) {
  const { client, order, record } = ticket;
  const kept = await ask("POST", "/instructions", { account: client.account, kind: "written", record_id: record, caller: "" });
  mine.account = client.account;
  const evidence = { instruction_kind: kept.kind, instruction_id: kept.record_id, instruction_at: kept.at_ms };
  return trading.place({ action: "new", ...order, ...evidence }, ticket.clientId, consent);
}

async function send() {
  if (busy) return;
  busy = true;
  at("send").setAttribute("aria-busy", "true");
  let done = 0;
  try {
    for (const ticket of tickets) {
      if (!ticket.good || ticket.gone) continue;
      try {
        const ack = await sendOne(ticket);
        if (!ack) break;
        Object.assign(ticket, { number: ack.order_number, verdict: say("paper.sent"), gone: true });
        sent.set(ticket.record, ack.order_number);
        done += 1;
      } catch (error) {
        Object.assign(ticket, { verdict: told(error), good: false });
      }
      shown();
    }
  } finally {
    busy = false;
    at("send").removeAttribute("aria-busy");
    shown();
    at("summary").textContent = done ? say("paper.done", { count: done }) : say("paper.none");
    goTo(at("batch"));
  }
}

at("batch-form").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
at("send").addEventListener("click", send);
at("key-later").addEventListener("click", () => at("key-dialog").close(""));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const action = { F4: check, F8: send }[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
goTo(at("batch"));
