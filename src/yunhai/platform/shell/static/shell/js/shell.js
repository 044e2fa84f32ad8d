/** What every page does: the look, menus and dialogs that close, forms that are sent once, copying, the market clock, the connection's state. */

import { startAmounts } from "./amounts.js";
import { startClock } from "./clock.js";
import { startMenu } from "./menu.js";
import { toast } from "./toast.js";
import { csrf } from "./token.js";
import { word } from "./words.js";

function look() {
  for (const box of document.querySelectorAll("[data-theme-choice]")) {
    box.addEventListener("change", (event) => {
      document.documentElement.dataset.theme = event.target.value;
      const body = new URLSearchParams({ theme: event.target.value });
      fetch(box.dataset.themeChoice, { method: "POST", headers: { "X-CSRFToken": csrf() }, body, keepalive: true }).catch(() => {});
    });
  }
}

function drops() {
  const open = () => document.querySelectorAll("details[data-drop][open]");
  document.addEventListener("click", (event) => {
    for (const drop of open()) if (!drop.contains(event.target)) drop.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drop of open()) {
      drop.open = false;
      drop.querySelector("summary").focus();
    }
  });
}

/** `<button data-close>` in a dialog closes it; with a value, that is what it returns. */
function dialogs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("dialog [data-close]");
    if (button) button.closest("dialog").close(button.dataset.close);
  });
}

/** `<form data-once>`: a second click while the first is under way does nothing. */
function once() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    for (const button of form.querySelectorAll("button[type=submit], button:not([type])")) button.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  });
}

/** `<button data-copy="text">` copies; without a value, the page's address. */
function copying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.dataset.copy ? new URL(button.dataset.copy, location.href).href : location.href;
    await navigator.clipboard.writeText(button.dataset.copyText ?? text);
    toast("good", word("copy.done"));
  });
}

look();
drops();
dialogs();
once();
copying();
startMenu();
startAmounts();
startClock();
