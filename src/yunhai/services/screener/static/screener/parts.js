/** What the screener's scripts share: calls, elements, words in the reader's language, numbers with their units. */

import { say } from "/static/pocket/page.js";
import { calls } from "/static/shell/js/calls.js";
import { at, made } from "/static/shell/js/elements.js";
import { language } from "/static/shell/js/words.js";

export { at, made, say };
export const call = calls("/screener");
/** Of an answer's two texts the reader's. */
export const own = (one) => (language === "zh" ? one.zh : one.en);

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
