/** What every page of the Pocket knows: its own words, whose account, the trader, the purse on top, and when something of it changed. */

import { count, money, units } from "/static/shell/js/format.js";
import { listen } from "/static/shell/js/stream.js";
import { account, told, trader } from "/static/shell/js/trade.js";
import { word, wordsOf } from "/static/shell/js/words.js";
import { toldOf } from "./reading.js";

const QUIET_MS = 250;

export const page = JSON.parse(document.getElementById("page").textContent);
export const trading = trader(page);

/** A word of the page's own dictionary with its `{places}` filled. */
export const say = wordsOf(page.words ?? {});

/** "3 lots", "1 share": `kind` lot | share. */
export function unit(kind, number) {
  return word(number === 1 ? `unit.${kind}` : `unit.${kind}s`, { count: count(number) });
}

/** Runs `action` soon, once for many calls, never twice at a time. */
export function soon(action, quiet = QUIET_MS) {
  let timer = 0;
  let running = false;
  let again = false;
  async function run() {
    timer = 0;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await action();
    } finally {
      running = false;
      if (again) {
        again = false;
        timer = setTimeout(run, quiet);
      }
    }
  }
  return () => {
    if (!timer) timer = setTimeout(run, quiet);
  };
}

const watchers = new Set();
let latest = null;

/** Calls `watcher(account)` with the account's live state, now and after every change of its orders. */
export function watchAccount(watcher) {
  watchers.add(watcher);
  if (latest) watcher(latest);
}

function purse(state) {
  for (const [field, text] of [
    ["buying_power", money(state.buying_power)],
    ["reserved", money(state.reserved)],
    ["withdrawable", money(state.withdrawable)],
  ]) {
    const element = document.querySelector(`[data-purse="${field}"]`);
    if (element) element.textContent = text;
  }
  const quota = document.querySelector('[data-purse="quota"]');
  if (quota) {
    const all = units(state.day_quota);
    quota.textContent = all ? money(all - (units(state.day_quota_used) ?? 0n)) : word("purse.no_quota");
  }
  const status = document.querySelector('[data-purse="status"]');
  if (status) {
    status.hidden = state.status === "open";
    status.className = "badge wait";
    status.textContent = word(`account.${state.status}`);
  }
}

const refresh = soon(async () => {
  try {
    latest = await account(page.account);
  } catch (error) {
    const box = document.querySelector(".purse-figures");
    if (box) box.title = told(error);
    return;
  }
  for (const watcher of watchers) watcher(latest);
}, 60);

/** Asks for the account anew. */
export const touchAccount = refresh;

if (page.account) {
  watchAccount(purse);
  refresh();
  listen({ channel: "orders", account: page.account }, (message) => {
    refresh();
    toldOf(message);
    document.dispatchEvent(new CustomEvent("pocket:orders", { detail: message }));
  });
}

/** Asks, once, whether this device may be registered: its name, or null. */
export function consent() {
  const dialog = document.getElementById("consent");
  const name = dialog.querySelector("input[name=name]");
  const agent = navigator.userAgentData;
  name.value ||= [agent?.platform ?? navigator.platform ?? "", agent?.brands?.at(-1)?.brand ?? ""].filter(Boolean).join(" · ").slice(0, 60) || "Browser";
  return new Promise((resolve) => {
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? name.value.trim() : null), { once: true });
    dialog.showModal();
    dialog.querySelector("button.main").focus();
  });
}
