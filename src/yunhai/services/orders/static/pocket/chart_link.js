/** Small links from a row to its security's chart and to a new alert on it; none of what the menu does not have. */

import { word } from "/static/shell/js/words.js";

const PLACES = [
  { room: "/pocket/alerts/", name: "alert-link", said: "alert.of", after: (code) => `?code=${code}` },
  { room: "/pocket/chart/", name: "chart-link", said: "chart.of", after: (code) => `${code}/` },
].map((place) => ({ ...place, icon: document.querySelector(`nav a[href="${place.room}"] svg`) }));

/** Puts the links at the end of a row's head. */
export function addChartLink(head, code) {
  for (const { room, name, said, after, icon } of PLACES) {
    if (!icon) continue;
    const link = document.createElement("a");
    link.className = name;
    link.href = room + after(code);
    link.title = word(said, { code });
    link.setAttribute("aria-label", link.title);
    link.append(icon.cloneNode(true));
    head.classList.add(name === "chart-link" ? "has-chart" : "has-alert");
    head.append(link);
  }
}
