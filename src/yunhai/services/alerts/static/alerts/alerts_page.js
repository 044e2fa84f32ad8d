/** The alerts' page: one is made or changed, those there are, what they announced. */

import "/static/pocket/page.js"; // the purse on top
import { Finder } from "/static/pocket/finder.js";
import { at, made } from "/static/shell/js/elements.js";
import { watchQuotes } from "/static/shell/js/quotes.js";
import { toast } from "/static/shell/js/toast.js";
import { Refusal } from "/static/shell/js/token.js";
import { market, told } from "/static/shell/js/trade.js";
import { seen } from "./bell.js";
import { badge, call, conditionOf, grouped, places, refused, say, titled, undoable, when } from "./parts.js";

const WITHOUT_VALUE = new Set(["limit_up", "limit_down", "kd_up", "kd_down", "ma_up", "ma_down"]);
const FIRST = { change: "3", volume: "", ma: "20" };
let securities = new Map();
let code = "";
let price = "";
let touched = false;
let changing = null;
let quote = () => {};

/** price | change | volume | ma, of what the value is; "" where there is none. */
function measure(kind) {
  if (WITHOUT_VALUE.has(kind)) return "";
  return kind.endsWith("_ma") ? "ma" : kind.split("_")[0];
}

function fill() {
  const of = measure(at("kind").value);
  at("value-field").hidden = of === "";
  at("value").required = of !== "";
  if (of === "") return;
  at("value-label").textContent = say(`value.${of}`);
  if (!touched) at("value").value = of === "price" ? price : FIRST[of];
}

/** A security for the form, with its live price. */
function choose(found, kept = "") {
  quote();
  code = found;
  price = kept || securities.get(found)?.reference || "";
  at("chosen-name").textContent = titled({ code: found, name: securities.get(found)?.name ?? "" });
  at("chosen").hidden = false;
  let first = true;
  const last = (text) => {
    at("chosen-last").textContent = say("last", { price: grouped(text) });
    price = text;
    if (first) fill(); // one that moves later must not change under the pen
    first = false;
  };
  if (price) at("chosen-last").textContent = say("last", { price: grouped(price) });
  fill();
  quote = watchQuotes([found], (now) => now.segment === "board" && now.last && last(now.last));
  at("value").focus();
  at("value").select();
}

function leave() {
  changing = null;
  touched = false;
  at("send").textContent = say("set");
  at("leave").hidden = true;
  at("wrong").hidden = true;
  at("find").disabled = false;
  for (const field of ["until", "note"]) at(field).value = "";
  at("repeat").checked = false;
  fill();
}

function edit(one) {
  leave();
  changing = one.id;
  at("kind").value = one.kind;
  choose(one.code, one.last);
  touched = true;
  at("value").value = one.value.replace("-", "");
  at("until").value = one.expires_on;
  at("note").value = one.note;
  at("repeat").checked = one.repeat;
  at("find").disabled = true;
  at("send").textContent = say("save");
  at("leave").hidden = false;
  fill();
  at("value-field").scrollIntoView({ block: "center" });
}

function button(text, label, action) {
  const element = made("button", text, { type: "button", class: "button plain little", "aria-label": label });
  element.addEventListener("click", async () => {
    try {
      await action();
    } catch (error) {
      refused(error);
    }
    await show().catch(() => {});
  });
  return element;
}

async function remove(one) {
  await call("DELETE", `/${one.id}`);
  if (changing === one.id) leave();
  undoable(say("deleted", { code: one.code }), conditionOf(one.kind, one.value), async () => {
    await call("POST", `/${one.id}/restore`);
    await show();
  });
}

function row(one) {
  const item = made("li", "", { "data-alert": one.id, "data-state": one.state });
  const what = `${titled(one)} ${conditionOf(one.kind, one.value)}`;
  const text = made("div", "", { class: "alerts-what" });
  text.append(made("strong", titled(one)), made("span", conditionOf(one.kind, one.value)));
  const small = [one.last && say("last", { price: grouped(one.last) }), one.repeat && say("repeats"), one.expires_on && say("until", { date: one.expires_on }), one.state === "armed" && one.holds && say("holds")].filter(Boolean).join(" · ");
  if (small) text.append(made("span", small, { class: "small faint" }));
  if (one.note) text.append(made("span", one.note, { class: "small" }));
  const state = one.state === "armed" ? "paused" : "armed";
  const does = say(state === "paused" ? "pause" : "arm");
  const tools = made("div", "", { class: "alerts-tools" });
  tools.append(
    button(does, `${does}: ${what}`, () => call("PUT", `/${one.id}`, { state })),
    button(say("change"), `${say("change")}: ${what}`, () => edit(one)),
    button(say("delete"), `${say("delete")}: ${what}`, () => remove(one)),
  );
  item.append(text, badge(one.state), tools);
  return item;
}

function fired(one) {
  const item = made("li", "", { "data-firing": one.id });
  const text = made("div", "", { class: "alerts-what" });
  text.append(made("strong", titled(one)), made("span", `${conditionOf(one.kind, one.threshold)} · ${say("fired", { price: grouped(one.price) })}`));
  if (one.note) text.append(made("span", one.note, { class: "small" }));
  const tools = made("div", "", { class: "alerts-tools small" });
  tools.append(...places(one));
  item.append(made("time", when(one), { datetime: one.at, class: "small faint nowrap" }), text, tools);
  return item;
}

async function show() {
  const [{ alerts }, { firings }] = await Promise.all([call("GET"), call("GET", "/firings")]);
  at("mine-wait").hidden = true;
  at("mine").replaceChildren(...alerts.map(row));
  at("mine-empty").hidden = alerts.length > 0;
  at("mine-count").textContent = alerts.length ? String(alerts.length) : "";
  at("history").replaceChildren(...firings.map(fired));
  at("history-empty").hidden = firings.length > 0;
  if (!document.hidden) await seen();
}

async function send(event) {
  event.preventDefault();
  at("wrong").hidden = true;
  const kind = at("kind").value;
  const body = { kind, value: measure(kind) ? at("value").value.trim().replaceAll(",", "") : "", note: at("note").value, expires_on: at("until").value, repeat: at("repeat").checked };
  at("send").disabled = true;
  try {
    if (!code) throw new Refusal({ text: say("nothing") });
    const one = changing === null ? await call("POST", "", { code, ...body }) : await call("PUT", `/${changing}`, body);
    toast("good", say(changing === null ? "made" : "changed", { code: one.code }), one.state === "armed" && one.holds ? say("made_holds") : "");
    leave();
    await show();
  } catch (error) {
    at("wrong").textContent = [told(error), error.remedy].filter(Boolean).join(" ");
    at("wrong").hidden = false;
  } finally {
    at("send").disabled = false;
  }
}

async function start() {
  at("make").addEventListener("submit", send);
  at("leave").addEventListener("click", leave);
  at("value").addEventListener("input", () => (touched = true));
  at("kind").addEventListener("change", () => {
    touched = false;
    fill();
  });
  document.addEventListener("alerts:fired", () => show().catch(() => {}));
  fill();
  const listed = show();
  const day = await market().catch(() => ({ securities: [] }));
  securities = new Map(day.securities.map((one) => [one.code, one]));
  new Finder(at("find"), at("found"), day.securities, choose);
  const asked = new URLSearchParams(location.search).get("code");
  if (asked && securities.has(asked)) choose(asked);
  await listed;
  document.documentElement.dataset.alerts = "ready";
}

start().catch((error) => toast("bad", told(error)));
