/**
 * The line pool, live: asked for once a second, drawn as it is answered, marked old when no answer comes.
 *
 * The curve of the last five minutes is this page's own memory (and the tab's, over a reload): the core keeps none.
 */

import { calls } from "../shell/js/calls.js";
import { at, made, shape } from "../shell/js/elements.js";
import { toast } from "../shell/js/toast.js";
import { wordsOf } from "../shell/js/words.js";

const page = JSON.parse(document.getElementById("room-data").textContent);
const EVERY_MS = 1000;
const KEPT_MS = 300_000;
const KEY = `yunhai_pool_${page.tenant}`;
const call = calls("/lines");
const say = wordsOf(page.words);

let past = kept();
let misses = 0;

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]").filter((point) => Date.now() - point.t < KEPT_MS);
  } catch {
    return [];
  }
}

// --- drawing ---------------------------------------------------------------------------------------------------------

function curve() {
  const now = Date.now();
  past = past.filter((point) => now - point.t < KEPT_MS);
  const most = Math.max(10, ...past.map((point) => Math.max(point.pool, point.own, point.guarantee))) * 1.1;
  const x = (t) => (600 * (1 - (now - t) / KEPT_MS)).toFixed(1);
  const y = (value) => (118 - (116 * value) / most).toFixed(1);
  const line = (name) => past.map((point) => `${x(point.t)},${y(point[name])}`).join(" ");
  const title = at("spark").querySelector("title");
  const parts = [title];
  if (past.length > 1) {
    const upper = past.map((point) => `${x(point.t)},${y(point.burst)}`).join(" ");
    parts.push(
      shape("polygon", { class: "burst", points: `${x(past[0].t)},118 ${upper} ${x(past.at(-1).t)},118` }),
      shape("polyline", { class: "pool", points: line("pool") }),
      shape("polyline", { class: "own", points: line("own") }),
    );
    const level = y(past.at(-1).guarantee);
    parts.push(shape("line", { class: "guarantee", x1: 0, x2: 600, y1: level, y2: level }));
  }
  at("spark").replaceChildren(...parts);
}

function queue(pool) {
  const all = Object.values(pool.queued).reduce((sum, count) => sum + count, 0) + pool.held;
  const most = Math.max(1, ...Object.values(pool.queued), pool.held);
  const rows = [...Object.entries(pool.queued), ["held", pool.held]];
  at("queue").replaceChildren(
    ...rows.flatMap(([name, count]) => {
      const bar = made("dd");
      bar.append(made("progress", "", { class: "meter", max: most, value: count, "aria-label": say(`class.${name}`) }));
      return [made("dt", say(`class.${name}`)), bar, made("dd", String(count), { class: "num" })];
    }),
  );
  at("queue-all").textContent = String(all);
  at("queue-all").className = `badge ${all > 0 ? "wait" : "good"}`;
  at("queue-reason").textContent = all > 0 && pool.reason ? say(`reason.${pool.reason}`) : say("queue.none");
  at("waits").replaceChildren(
    ...[
      [say("wait.p50"), `${pool.wait_p50_ms} ms`],
      [say("wait.p99"), `${pool.wait_p99_ms} ms`],
      [say("sent"), pool.sent.toLocaleString("en")],
    ].flatMap(([name, value]) => [made("dt", name), made("dd", value)]),
  );
}

const TONES = { up: "good", lost: "bad", down: "wait", refused: "bad", closed: "" };
const rows = new Map();

function lineRow(line) {
  let row = rows.get(line.line);
  const first = !row;
  if (first) {
    row = made("tr", "", { "data-line": line.line });
    rows.set(line.line, row);
    const load = made("td", "", { class: "across" });
    const box = made("div", "", { class: "load" });
    box.append(made("progress", "", { class: "meter", "aria-label": say("load", { line: line.line }) }), made("span", "", { class: "num" }));
    load.append(box);
    const actions = made("td", "", { class: "across num" });
    actions.append(made("button", "", { type: "button", class: "button little" }));
    row.append(made("th", line.line, { scope: "row", class: "mono" }));
    if (page.operator) row.append(made("td", page.brokers[line.tenant] ?? String(line.tenant)));
    const state = made("td", "", { "data-label": say("column.state") });
    state.append(made("span"));
    row.append(state, load, made("td", "", { class: "num", "data-label": say("column.lent") }), made("td", "", { class: "num", "data-label": say("column.flight") }), actions);
    actions.firstChild.addEventListener("click", () => (row.dataset.state === "up" ? askLose(line.line) : askLogin(line)));
  }
  row.dataset.state = line.state;
  const [badge] = row.querySelectorAll("td span");
  const state = row.querySelector('td[data-label] > span');
  (state ?? badge).className = `badge ${TONES[line.state] ?? ""}`;
  (state ?? badge).textContent = say(`line.${line.state}`);
  const progress = row.querySelector("progress");
  progress.max = line.cap;
  progress.value = Math.min(line.rate, line.cap);
  row.querySelector(".load .num").textContent = `${line.rate} / ${line.cap}`;
  const numbers = row.querySelectorAll("td.num[data-label]");
  numbers[0].textContent = String(line.lent);
  numbers[1].textContent = String(line.in_flight);
  const button = row.querySelector("button");
  button.textContent = line.state === "up" ? say("lose") : say("login");
  button.setAttribute("aria-label", `${button.textContent} ${line.line}`);
  button.hidden = !page.may || line.state === "closed";
  return row;
}

function lines(pool) {
  const shown = pool.lines.map(lineRow);
  const body = at("lines");
  if (body.children.length !== shown.length || shown.some((row, place) => body.children[place] !== row)) body.replaceChildren(...shown);
  at("lines-empty").hidden = shown.length > 0;
  const up = pool.lines.filter((line) => line.state === "up").length;
  at("lines-up").textContent = say("lines.up", { up, all: pool.lines.length });
  at("lines-up").className = `badge ${up === pool.lines.length && up > 0 ? "good" : "bad"}`;
  at("others").textContent = pool.others
    ? say("others", pool.others)
    : page.operator
      ? ""
      : say("others.few");
}

function brokers(pool) {
  if (!page.operator) return;
  at("brokers").replaceChildren(
    ...pool.brokers.map((one) => {
      const row = made("tr");
      const waiting = one.queued.reduce((sum, count) => sum + count, 0) + one.held;
      row.append(
        made("th", page.brokers[one.tenant] ?? String(one.tenant), { scope: "row", class: "across" }), made("td", one.pool, { "data-label": say("column.pool") }),
        ...[["guarantee", one.guarantee], ["weight", one.weight], ["now", one.rate], ["lent", one.burst], ["waiting", waiting]].map(([name, value]) =>
          made("td", String(value), { class: "num", "data-label": say(`column.${name}`) }),
        ),
        made("td", waiting > 0 && one.reason ? say(`reason.${one.reason}`) : "", { class: "small across" }),
      );
      return row;
    }),
  );
}

function show(pool) {
  at("rate-now").textContent = String(pool.rate);
  at("guarantee").textContent = String(pool.guarantee);
  at("burst").textContent = String(pool.burst);
  at("capacity").textContent = String(pool.capacity);
  at("uncapped").hidden = !pool.uncapped;
  at("pool-name").hidden = !pool.pool;
  at("pool-name").textContent = pool.pool;
  past.push({ t: Date.now(), own: pool.rate, burst: pool.burst, pool: pool.pool_rate, guarantee: pool.guarantee });
  sessionStorage.setItem(KEY, JSON.stringify(past));
  curve();
  queue(pool);
  lines(pool);
  brokers(pool);
}

function stale(text) {
  const wrong = at("pool-wrong");
  wrong.hidden = text === "";
  wrong.firstElementChild.textContent = text;
  at("pool").classList.toggle("stale", text !== "");
}

async function tick() {
  if (document.hidden) return;
  try {
    show(await call("GET", "/pool"));
    misses = 0;
    stale("");
  } catch (error) {
    misses += 1;
    if (misses > 1 || error.status) stale(error.code ? `${error.text} (${error.code})` : say("stale"));
  }
}

// --- commands --------------------------------------------------------------------------------------------------------

function wrong(id, text) {
  at(id).textContent = text;
  at(id).hidden = text === "";
}

function askLogin(line) {
  at("login-line").value = line.line;
  at("login-broker").value = page.operator ? "" : page.code;
  at("login-password").value = "";
  wrong("login-wrong", "");
  at("login").showModal();
  (page.operator ? at("login-broker") : at("login-password")).focus();
}

let losing = "";

function askLose(line) {
  losing = line;
  at("lose-line").textContent = line;
  wrong("lose-wrong", "");
  at("lose").showModal();
}

async function command(line, body, dialog, done) {
  try {
    await call("POST", `/${encodeURIComponent(line)}`, body);
    at(dialog).close();
    toast("good", say(done), line);
    tick();
  } catch (error) {
    wrong(`${dialog}-wrong`, error.code ? `${error.text} (${error.code})` : say("stale"));
  }
}

at("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  command(at("login-line").value.trim().toUpperCase(), { do: "login", broker: at("login-broker").value.trim().toUpperCase(), password: at("login-password").value }, "login", "done.login");
});
at("lose-form").addEventListener("submit", (event) => {
  event.preventDefault();
  command(losing, { do: "logout" }, "lose", "done.lose");
});
at("login-back").addEventListener("click", () => at("login").close());
at("lose-back").addEventListener("click", () => at("lose").close());
setInterval(tick, EVERY_MS);
tick();
