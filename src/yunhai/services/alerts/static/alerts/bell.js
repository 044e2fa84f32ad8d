/**
 * The bell of the header: how many firings are not seen, the newest of them, a notice when one comes.
 *
 * It asks every few seconds for what is newer than the newest it knows, which is nothing nearly always. What a tab has announced is
 * kept with the tab, so that one which comes while a page gives way to the next is announced there. `alerts:fired` on `document`
 * tells the rest of the page.
 */

import { at, made } from "/static/shell/js/elements.js";
import { toast } from "/static/shell/js/toast.js";
import { OVER, call, conditionOf, grouped, places, say, titled, when } from "./parts.js";

const LOOK_MS = 4000;
const AWAY_MS = 30_000;
const SHOWN = 8;
const bell = at("bell");
const KEPT = `yunhai.alerts.${bell.dataset.person}`;
let newest = -1; // nothing asked yet
let unseen = 0;
let latest = [];
let timer = 0;

function count() {
  at("bell-count").textContent = unseen > 99 ? "99+" : String(unseen);
  at("bell-count").hidden = unseen === 0;
  at("bell-said").textContent = unseen ? say("bell.some", { count: unseen }) : say("bell.none");
}

function item(one) {
  const row = made("li", "", one.seen ? {} : { class: "new" });
  row.append(made("strong", titled(one)), made("span", conditionOf(one.kind, one.threshold)), made("span", `${when(one)} · ${say("fired", { price: grouped(one.price) })}`, { class: "small faint" }));
  if (one.note) row.append(made("span", one.note, { class: "small" }));
  const links = made("span", "", { class: "bell-links small" });
  links.append(...places(one));
  row.append(links);
  return row;
}

function list() {
  at("bell-list").replaceChildren(...latest.map(item));
  at("bell-none").hidden = latest.length > 0;
}

function announce(fired) {
  for (const one of fired.slice(0, 3).reverse()) {
    toast("note", say("toast", { what: titled(one) }), [conditionOf(one.kind, one.threshold), `${when(one)} ${say("fired", { price: grouped(one.price) })}`, one.note].filter(Boolean).join(" · "));
  }
}

/** Everything up to the newest is seen. */
export async function seen() {
  if (newest < 1 || unseen === 0) return;
  await call("POST", "/firings/seen", { upto: newest });
  unseen = 0;
  count();
}

/** Asks once. */
export async function look() {
  const first = newest < 0;
  const told = await call("GET", first ? `/firings?limit=${SHOWN}` : `/firings?since=${newest}&limit=${SHOWN}`);
  const known = Number(sessionStorage.getItem(KEPT) ?? (first ? told.newest : newest));
  const fresh = told.firings.filter((one) => one.id > Math.max(known, newest) && !one.seen);
  latest = first ? told.firings : [...told.firings, ...latest].slice(0, SHOWN);
  newest = Math.max(newest, told.newest, 0);
  unseen = told.unseen;
  sessionStorage.setItem(KEPT, String(newest));
  if (first || told.firings.length) list();
  count();
  if (fresh.length) announce(fresh);
  if (!first && told.firings.length) document.dispatchEvent(new CustomEvent("alerts:fired", { detail: told.firings }));
  if (bell.open) await seen();
}

async function again() {
  clearTimeout(timer);
  try {
    await look();
  } catch (error) {
    if (OVER.includes(error.status)) {
      bell.hidden = true;
      return;
    }
    /* else it is asked again in a moment; what was shown stays */
  }
  timer = setTimeout(again, document.hidden ? AWAY_MS : LOOK_MS);
}

bell.addEventListener("toggle", async () => {
  if (!bell.open) {
    for (const one of latest) one.seen = true;
    list();
    return;
  }
  list();
  await seen().catch(() => {});
});
document.addEventListener("visibilitychange", () => document.hidden || bell.hidden || again());
again();
