/**
 * Who is on the phone: a client opened for a stated reason, and the record of how the order is given.
 *
 * Nothing of a client is shown before the register has a line that says who looked and why. A record belongs to one
 * client; opening the next client lets go of both.
 */

import { account as liveAccount, told } from "../shell/js/trade.js";
import { money } from "../shell/js/format.js";
import { ask, at, goTo, made, page, pairs, say, wrong } from "./page.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Taipei", timeStyle: "medium" });

export const call = { client: null, record: null };
const records = new Map(); // account -> its latest record of this page's life
let heard = () => {};

/** `changed` is called when client or record did. */
export function onCall(changed) {
  heard = changed;
}

export const recordOf = (account) => records.get(account) ?? null;

function reason() {
  return document.querySelector("#reasons input:checked");
}

function needsReference() {
  return reason()?.dataset.reference === "1";
}

function reasonChosen() {
  at("reference-field").hidden = !needsReference();
  goTo(needsReference() ? at("reference") : at("query"));
}

/** Lets go of the client and waits for the next one. */
export function nextClient() {
  call.client = null;
  call.record = null;
  for (const input of document.querySelectorAll("#reasons input")) input.checked = false;
  at("reference-field").hidden = true;
  at("reference").value = "";
  at("query").value = "";
  at("matches").hidden = true;
  at("client-card").hidden = true;
  at("client-form").hidden = false;
  wrong(at("client-wrong"), "", at("query"));
  clearRecord();
  heard();
  document.querySelector("#reasons input").focus();
}

function clearRecord() {
  at("record-id").value = "";
  at("record-state").textContent = say("record.none");
  at("record-state").className = "badge";
  at("record-at").textContent = "";
  wrong(at("record-wrong"));
}

function shownMatches(matches) {
  const list = at("matches");
  list.replaceChildren(
    ...matches.map((match) => {
      const button = made("button", "", { type: "button" });
      button.append(made("b", match.number), made("span", match.name), made("span", match.branch, { class: "faint" }));
      button.addEventListener("click", () => open(match.account));
      const item = made("li");
      item.append(button);
      return item;
    }),
  );
  list.hidden = matches.length === 0;
  list.querySelector("button")?.focus();
}

/** Arrow keys walk through the clients found. */
function walk(event) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const buttons = [...at("matches").querySelectorAll("button")];
  const here = buttons.indexOf(document.activeElement);
  const next = buttons[here + (event.key === "ArrowDown" ? 1 : -1)];
  event.preventDefault();
  (next ?? at("query")).focus();
}

async function search() {
  const chosen = reason();
  if (!chosen) {
    wrong(at("client-wrong"), say("client.reason"));
    document.querySelector("#reasons input").focus();
    return;
  }
  if (needsReference() && !at("reference").value.trim()) {
    wrong(at("client-wrong"), say("client.reference"));
    goTo(at("reference"));
    return;
  }
  try {
    const answer = await ask("POST", "/clients/search", { query: at("query").value, reason: chosen.value, reference: at("reference").value });
    wrong(at("client-wrong"), "", at("query"));
    if (answer.client) opened(answer.client);
    else shownMatches(answer.matches);
  } catch (error) {
    at("matches").hidden = true;
    wrong(at("client-wrong"), told(error), at("query"));
    goTo(at("query"));
  }
}

async function open(account) {
  try {
    opened(await ask("POST", `/clients/${account}/open`, { reason: reason().value, reference: at("reference").value }));
  } catch (error) {
    wrong(at("client-wrong"), told(error), at("query"));
    goTo(at("query"));
  }
}

function opened(client) {
  call.client = client;
  call.record = null;
  at("client-form").hidden = true;
  at("client-card").hidden = false;
  at("client-name").textContent = client.name;
  at("client-status").textContent = say(`status.${client.status}`);
  at("client-status").className = `badge ${client.status === "open" ? "good" : "bad"}`;
  at("client-serial").textContent = say("client.serial", { serial: client.serial });
  at("client-log").href = `/desk/clients/${client.account}/`;
  clearRecord();
  heard();
  refresh();
  goTo(at("record-id"));
}

/** Buying power and quota as the core has them now. */
export async function refresh() {
  const client = call.client;
  if (!client) return;
  const rows = [[say("client.account"), `${client.branch}-${client.number}`]];
  try {
    const live = await liveAccount(client.account);
    if (call.client !== client) return;
    client.live = live;
    rows.push([say("client.power"), money(live.buying_power)], [say("client.reserved"), money(live.reserved)]);
    if (Number(live.day_quota) > 0) rows.push([say("client.quota"), `${money(live.day_quota_used)} / ${money(live.day_quota)}`]);
  } catch (error) {
    rows.push([say("client.power"), told(error)]);
  }
  pairs(at("client-pairs"), rows);
}

async function attach() {
  if (!call.client) {
    wrong(at("record-wrong"), say("record.client"));
    return;
  }
  const kind = document.querySelector("#kinds input:checked").value;
  const body = { account: call.client.account, kind, record_id: at("record-id").value.trim(), caller: kind === "phone" ? at("caller").value : "" };
  try {
    const record = await ask("POST", "/instructions", body);
    call.record = record;
    records.set(record.account, record);
    at("record-state").textContent = say("record.attached", { record: record.record_id });
    at("record-state").className = "badge good";
    at("record-at").textContent = CLOCK.format(record.at_ms);
    wrong(at("record-wrong"));
    heard();
    goTo(at("code"));
  } catch (error) {
    wrong(at("record-wrong"), told(error));
    goTo(error.code === 7330 ? at("caller") : at("record-id"));
  }
}

export function startCall() {
  at("client-form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  at("client-form").addEventListener("keydown", (event) => {
    walk(event);
    const typing = event.target.matches("input:not([type=radio])");
    const wanted = document.querySelectorAll("#reasons input")[Number(event.key) - 1];
    if (!typing && wanted) {
      event.preventDefault();
      wanted.checked = true;
      reasonChosen();
    } else if (event.key === "Enter" && event.target.matches("#reasons input")) {
      event.preventDefault();
      if (reason()) reasonChosen();
    } else if (event.key === "Enter" && event.target === at("reference")) {
      event.preventDefault();
      goTo(at("query"));
    }
  });
  at("reasons").addEventListener("change", () => {
    at("reference-field").hidden = !needsReference();
  });
  at("record-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const phone = document.querySelector("#kinds input:checked").value === "phone";
    if (document.activeElement === at("record-id") && phone && !at("caller").value) goTo(at("caller"));
    else attach();
  });
  at("kinds").addEventListener("change", (event) => {
    at("caller-field").hidden = event.target.value !== "phone";
  });
  at("caller-field").hidden = page.kind !== "phone";
  const wanted = document.querySelector(`#kinds input[value="${page.kind}"]`);
  if (wanted) wanted.checked = true;
}
