/** Both sides of a book's trades as a bar: inside 內盤, given at the bid, and outside 外盤, taken at the ask. */

import { count } from "/static/shell/js/format.js";
import { outsideShare, percentText } from "./rows.js";

/** Fills the bar `[data-sides]` within a box: shares in lots, and each side's part. */
export function showSides(box, quote, security) {
  const bar = box.querySelector("[data-sides]");
  if (!bar) return;
  const part = outsideShare(quote);
  const lots = (name) => count(Math.floor((quote.raw[name] ?? 0) / security.lot));
  bar.querySelector("progress").value = part === null ? 0.5 : Number(part) / 10_000;
  bar.querySelector('[data-side="outside"]').textContent = `${lots("outside")} (${percentText(part)})`;
  bar.querySelector('[data-side="inside"]').textContent = `${lots("inside")} (${percentText(part === null ? null : 10_000n - part)})`;
}
