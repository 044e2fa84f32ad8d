/** The orders page: open, all of today, fills; tabs by arrow keys. */

import { OrdersTable, isLive } from "./orders.js";
import { page } from "./page.js";

const views = { open: isLive, all: () => true };
const tabs = [...document.querySelectorAll("[role=tab]")];
let view = "open";

function show(chosen) {
  view = chosen;
  for (const tab of tabs) {
    const selected = tab.dataset.view === chosen;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    if (selected) document.getElementById(tab.getAttribute("aria-controls")).setAttribute("aria-labelledby", tab.id);
  }
  document.getElementById("panel-orders").hidden = chosen === "fills";
  document.getElementById("panel-fills").hidden = chosen !== "fills";
  history.replaceState(null, "", `#${chosen}`);
  table?.draw();
}

function counted(all) {
  document.querySelector('[data-count="open"]').textContent = String(all.filter(isLive).length);
  document.querySelector('[data-count="all"]').textContent = String(all.length);
}

let table = null;
if (page.account) {
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener("click", () => show(tab.dataset.view));
    tab.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!way) return;
      const next = tabs[(place + way + tabs.length) % tabs.length];
      show(next.dataset.view);
      next.focus();
    });
  }
  table = new OrdersTable(document.querySelector("[data-orders]"), { wanted: (order) => views[view]?.(order) ?? false, counted });
  const asked = location.hash.slice(1);
  show(["open", "all", "fills"].includes(asked) ? asked : "open");
}
