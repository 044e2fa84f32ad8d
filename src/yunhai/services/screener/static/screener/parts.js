/** What the screener's scripts share: elements, words in the reader's language, numbers with their units. */

import { page } from "/static/pocket/page.js";
import { language } from "/static/shell/js/words.js";

export const at = (id) => document.getElementById(id);
export const say = (key, places = {}) => (page.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(places[name] ?? whole));
/** Of an answer's two texts the reader's. */
export const own = (one) => (language === "zh" ? one.zh : one.en);

export function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const PLACES = { "NT$": [2, 4], "%": [2, 2], shares: [0, 0], lots: [0, 0], "NT$1,000": [0, 0], "": [2, 4] };

/** A figure as read in its unit; "–" of null. */
export function figure(value, unit) {
  if (value === null) return "–";
  const [least, most] = PLACES[unit] ?? PLACES[""];
  const large = unit === "" && Math.abs(value) >= 100_000;
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: large ? 0 : least, maximumFractionDigits: large ? 0 : most });
  const sign = value < 0 && /[1-9]/.test(text) ? "−" : "";
  return `${sign}${text}${unit === "%" ? "%" : ""}`;
}

/** How a unit is named beside a heading; "" where the figure says it. */
export const unitName = (unit) => (unit === "" || unit === "%" ? "" : say(`unit.${unit}`));

export function closes(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
}
