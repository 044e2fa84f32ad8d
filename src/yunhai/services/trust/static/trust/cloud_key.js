/**
 * The cloud key on the ticket: which keys a person has there, and a signature for one order's text.
 *
 * The text is made here; the cloud makes its hash of that text, takes a second factor for it, and signs once. Nothing is kept.
 */

import { calls } from "/static/shell/js/calls.js";
import { Refusal } from "/static/shell/js/token.js";
import { word } from "/static/shell/js/words.js";
import { assertion } from "./passkey.js";

const ask = calls("/trust/credentials");

/** Keys in the cloud that may sign orders now: [{ credential, key }]. Empty where there are none or nobody answers. */
export async function cloudKeys() {
  try {
    return (await ask("GET", "")).filter((one) => one.kind === "order" && one.usable && one.key);
  } catch {
    return [];
  }
}

/** Asks for the second factor in the dialog; the signature of `text`, or null if the person left it. */
export function cloudSigner(credential) {
  const dialog = document.getElementById("cloud-sign");
  const form = dialog.querySelector("form");
  const wrong = dialog.querySelector("[data-wrong]");
  return (text, summary) =>
    new Promise((resolve) => {
      const input = form.elements.code;
      let done = null;
      const tell = (error) => {
        wrong.hidden = !error;
        wrong.textContent = error ? `${error.text ?? error.message}${error.code ? ` (${error.code})` : ""} ${error.remedy ?? ""}` : "";
      };
      const spend = async (factor, button) => {
        if (form.dataset.busy) return;
        form.dataset.busy = "1";
        button.setAttribute("aria-busy", "true");
        tell(null);
        try {
          const { activation } = await ask("POST", `/${credential}/authorise`, { texts: [text], ...(await factor()) });
          const { signatures } = await ask("POST", `/${credential}/sign`, { texts: [text], activation });
          done = signatures[0];
          dialog.close();
        } catch (error) {
          if (error.name !== "NotAllowedError") tell(error instanceof Refusal ? error : { text: word("error.unknown") });
          input.value = "";
          input.focus();
        } finally {
          delete form.dataset.busy;
          button.removeAttribute("aria-busy");
        }
      };
      const submitted = (event) => {
        event.preventDefault();
        if (event.submitter?.value === "no") dialog.close();
        else spend(async () => ({ code: input.value.trim() }), form.querySelector(".main"));
      };
      const passkey = dialog.querySelector("[data-passkey]");
      const touched = () => spend(async () => ({ answer: await assertion(await ask("POST", `/${credential}/challenge`, { texts: [text] })) }), passkey);
      form.addEventListener("submit", submitted);
      passkey.addEventListener("click", touched);
      dialog.addEventListener(
        "close",
        () => {
          form.removeEventListener("submit", submitted);
          passkey.removeEventListener("click", touched);
          input.value = "";
          resolve(done);
        },
        { once: true },
      );
      tell(null);
      dialog.querySelector("[data-what]").textContent = summary;
      dialog.showModal();
      input.focus();
    });
}
