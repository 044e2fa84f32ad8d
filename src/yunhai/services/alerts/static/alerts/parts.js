/** What bell and page of the alerts share: words, calls, and how an alert and a firing are written. */

import { calls } from "/static/shell/js/calls.js";
import { made } from "/static/shell/js/elements.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { wordsOf } from "/static/shell/js/words.js";

/** Answers after which there is nothing more to ask: signed out, or the service was closed meanwhile. */
export const OVER = [401, 403, 404];
export const REPLAY = "/pocket/replay/";
const CHARTS = "/pocket/chart/";
const inMenu = (address) => document.querySelector(`nav a[href="${address}"]`) !== null;

export const call = calls("/alerts");
export const say = wordsOf(JSON.parse(document.getElementById("alert-words").textContent));

/** A condition in words: `value` as the API writes it. */
export function conditionOf(kind, value) {
  const shown = kind === "volume_up" ? Number(value).toLocaleString("en-US") : kind.startsWith("price") ? grouped(value) : value.replace("-", "");
  return say(`kind.${kind}`, { value: shown });
}

/** "1085.00" → "1,085.00". */
export function grouped(price) {
  const [whole, rest] = price.split(".");
  return `${Number(whole).toLocaleString("en-US")}${rest === undefined ? "" : `.${rest}`}`;
}

export const titled = (one) => `${one.code} ${one.name}`.trim();

/** "08-21 09:31:05" of a firing; the date alone at a close. */
export const when = (one) => (one.sequence === 0 ? one.day : one.at.slice(5, 19).replace("T", " "));

/** Links to the chart and to the moment's replay, as far as the reader's menu has them. */
export function places(one) {
  const links = [];
  if (inMenu(CHARTS)) links.push(made("a", say("chart"), { href: `${CHARTS}${one.code}/`, "aria-label": `${say("chart")}: ${titled(one)}` }));
  if (inMenu(REPLAY)) links.push(made("a", say("replay"), { href: `/pocket/alerts/${one.id}/replay/`, "aria-label": `${say("replay")}: ${titled(one)} ${when(one)}` }));
  return links;
}

/** How an alert stands, as a badge. */
export const badge = (state) => made("span", say(`state.${state}`), { class: `badge ${{ fired: "good", armed: "note", paused: "wait" }[state] ?? ""}` });

/** Says that something could not be done with an alert. */
export const refused = (error) => toast("bad", told(error), error.remedy ?? "");

/** A notice of what was done, with a button that takes it back. */
export function undoable(title, text, back) {
  const notice = toast("good", title, text);
  const undo = made("button", say("undo"), { type: "button", class: "button plain little" });
  undo.addEventListener("click", () => {
    notice.remove();
    back().catch(refused);
  });
  notice.firstElementChild.append(undo);
}
