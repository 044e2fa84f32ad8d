/** `<input data-read-in="id">` takes money as plain digits; the element of that id reads it back with its commas while one types. */

import { money, units } from "./format.js";
import { word } from "./words.js";

function read(input) {
  const value = units(input.value);
  document.getElementById(input.dataset.readIn).textContent = value === null ? "" : word("amount.read", { amount: money(value) });
}

export function startAmounts() {
  for (const input of document.querySelectorAll("[data-read-in]")) read(input);
  document.addEventListener("input", (event) => event.target.matches("[data-read-in]") && read(event.target));
}
