/** One's own keys: which of them this device holds, and a new one for it. */

import { deviceKey, forgetKey, registerKey } from "/static/shell/js/signing.js";
import { toast } from "/static/shell/js/toast.js";
import { told } from "/static/shell/js/trade.js";
import { wordsOf } from "/static/shell/js/words.js";

const page = JSON.parse(document.getElementById("page").textContent);
const say = wordsOf(page.words);
const here = document.getElementById("here");
const footer = document.getElementById("register");
const form = document.getElementById("register-form");

/** Marks this device; a key that was ended elsewhere is forgotten here. */
async function mark() {
  const kept = await deviceKey(page.person);
  const item = kept ? document.querySelector(`[data-key="${kept.key}"]`) : null;
  if (kept && (!item || item.dataset.status !== "active")) {
    await forgetKey(page.person);
    here.textContent = say("device_gone");
  } else if (item) {
    item.dataset.here = "";
    item.querySelector("[data-this]").hidden = false;
    here.textContent = say("device_here", { key: kept.key });
    return;
  } else {
    here.textContent = say("device_none");
  }
  footer.hidden = false;
  const agent = navigator.userAgentData;
  form.elements.name.value ||= [agent?.platform ?? navigator.platform ?? "", agent?.brands?.at(-1)?.brand ?? ""].filter(Boolean).join(" · ").slice(0, 60);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    await registerKey(page.person, form.elements.name.value.trim());
    location.reload();
  } catch (error) {
    button.removeAttribute("aria-busy");
    toast("bad", told(error), error.remedy ?? "");
  }
});

mark();
