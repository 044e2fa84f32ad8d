/** Holdings at the last price: market value and unrealised result, recomputed exactly with every quote. */

import { change, count, money, plain, price, tone, units } from "/static/shell/js/format.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { market } from "/static/shell/js/trade.js";
import { word } from "/static/shell/js/words.js";
import { addChartLink } from "./chart_link.js";
import { page, watchAccount } from "./page.js";

const table = document.getElementById("holdings");
const lasts = new Map();
const rows = new Map();
let securities = new Map();
let positions = [];
let codes = "";
let end = () => {};

function cell(row, name, label) {
  const made = document.createElement("td");
  made.className = "num";
  made.dataset.label = label;
  const inside = document.createElement("span"); // the cell's own ::before is its label on a phone
  made.append(inside);
  row.append(made);
  return [name, inside];
}

function rowOf(position) {
  const kept = rows.get(position.code);
  if (kept) return kept;
  const element = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.className = "across";
  const link = document.createElement("a");
  link.href = `${page.security}${position.code}/`;
  link.textContent = `${position.code} ${securities.get(position.code)?.name ?? ""}`.trim();
  head.append(link);
  if (page.orders) {
    const orders = document.createElement("a");
    orders.href = `${page.orders}${position.code}/`;
    orders.className = "small nowrap";
    orders.textContent = table.dataset.orders;
    orders.setAttribute("aria-label", `${table.dataset.orders} ${position.code}`);
    head.append(" ", orders);
  }
  addChartLink(head, position.code);
  element.append(head);
  const labels = [...table.tHead.rows[0].cells].map((one) => one.textContent);
  const cells = Object.fromEntries(["shares", "sellable", "cost", "last", "value", "result"].map((name, place) => cell(element, name, labels[place + 1])));
  const row = { element, cells };
  rows.set(position.code, row);
  return row;
}

/** A signed amount with its mark and colour. */
function result(element, value, base) {
  element.classList.remove("up", "down", "flat", "up-mark", "down-mark", "flat-mark");
  if (value === null) {
    element.textContent = "–";
    return;
  }
  const kind = tone(value);
  element.classList.add(kind, `${kind}-mark`);
  const share = base > 0n ? change(base + value, base) : null;
  element.textContent = `${money(value < 0n ? -value : value)}${share ? ` (${share.percent})` : ""}`;
}

function draw() {
  document.getElementById("holdings-wait").hidden = true;
  const held = positions.filter((one) => one.free + one.reserved > 0);
  table.hidden = held.length === 0;
  document.getElementById("holdings-empty").hidden = held.length > 0;
  let value = 0n;
  let cost = 0n;
  let known = true;
  for (const position of held) {
    const row = rowOf(position);
    const shares = position.free + position.reserved;
    const last = units(lasts.get(position.code) || securities.get(position.code)?.reference || "");
    const spent = units(position.cost) ?? 0n;
    const worth = last === null ? null : last * BigInt(shares);
    cost += spent;
    if (worth === null) known = false;
    else value += worth;
    row.cells.shares.textContent = count(shares);
    row.cells.sellable.textContent = count(position.sellable);
    row.cells.cost.textContent = price(position.average_cost);
    row.cells.last.textContent = last === null ? "–" : price(plain(last));
    row.cells.value.textContent = worth === null ? "–" : money(worth);
    result(row.cells.result, worth === null ? null : worth - spent, spent);
  }
  table.tBodies[0].replaceChildren(...held.map((one) => rowOf(one).element));
  document.querySelector('[data-sum="value"]').textContent = known ? money(value) : "–";
  document.querySelector('[data-sum="cost"]').textContent = money(cost);
  result(document.querySelector('[data-sum="result"]'), known ? value - cost : null, cost);
  const realised = positions.reduce((sum, one) => sum + (units(one.realised) ?? 0n), 0n);
  result(document.querySelector('[data-sum="realised"]'), realised, 0n);
}

async function start() {
  const day = await market().catch(() => null);
  securities = new Map((day?.securities ?? []).map((one) => [one.code, one]));
  watchAccount((state) => {
    positions = state.positions;
    const wanted = positions.map((one) => one.code).sort();
    if (wanted.join() !== codes) {
      codes = wanted.join();
      end();
      if (wanted.length > 0) {
        end = watchQuotes(wanted, (quote) => {
          if (quote.segment !== "board" || !quote.last) return;
          lasts.set(quote.code, quote.last);
          draw();
        });
      }
    }
    draw();
  });
  setTimeout(() => {
    if (positions.length > 0 || rows.size > 0) return;
    document.getElementById("holdings-wait").hidden = true;
    if (table.hidden && document.getElementById("holdings-empty").hidden) {
      const box = document.getElementById("holdings-error");
      box.className = "notice wait";
      box.hidden = false;
      box.textContent = word("error.unknown");
    }
  }, 8000);
}

if (page.account) start();
