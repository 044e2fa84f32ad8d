/** Short notices in the corner, read out politely; a bad one stays until it is closed. */

import { word } from "./words.js";

const LIFE_MS = 6000;
const MOST = 4;

/** Shows a notice. `tone`: good | bad | wait | note. Returns the element. */
export function toast(tone, title, text = "") {
  const box = document.getElementById("toasts");
  const item = document.createElement("div");
  item.className = `toast ${tone}`;
  const body = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = title;
  body.append(head);
  if (text) {
    const line = document.createElement("span");
    line.textContent = text;
    body.append(line);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", word("toast.close"));
  close.textContent = "×";
  close.addEventListener("click", () => item.remove());
  item.append(body, close);
  box.append(item);
  while (box.children.length > MOST) box.firstElementChild.remove();
  if (tone !== "bad") setTimeout(() => item.remove(), LIFE_MS);
  return item;
}
