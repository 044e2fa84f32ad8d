// A passkey's answer to a challenge made of the hashes, put into the form that allows them to be signed.

import { assertion } from "./passkey.js";

const form = document.querySelector("form[data-authorize]");
const asked = JSON.parse(document.getElementById("challenge").textContent);
const button = form.querySelector("[data-passkey]");

button.addEventListener("click", async () => {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    form.elements.answer.value = JSON.stringify(await assertion(asked));
    form.requestSubmit();
  } catch (error) {
    if (error.name !== "NotAllowedError") throw error; // the person left it: nothing was asked of anybody
  } finally {
    button.removeAttribute("aria-busy");
  }
});
