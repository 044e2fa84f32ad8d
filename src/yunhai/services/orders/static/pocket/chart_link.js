/** A small link from a row to its security's chart; none where the menu has no charts. */

import { word } from "/static/shell/js/words.js";

const CHARTS = "/pocket/chart/";
const entry = document.querySelector(`nav a[href="${CHARTS}"]`);

/** Puts the link at the end of a row's head. */
export function addChartLink(head, code) {
  const icon = entry?.querySelector("svg");
  if (!icon) return;
  const link = document.createElement("a");
  link.className = "chart-link";
  link.href = `${CHARTS}${code}/`;
  link.title = word("chart.of", { code });
  link.setAttribute("aria-label", link.title);
  link.append(icon.cloneNode(true));
  head.classList.add("has-chart");
  head.append(link);
}
