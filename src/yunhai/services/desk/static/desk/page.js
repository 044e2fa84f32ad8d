/** Small helpers of the desk's pages: its data and words, calls, elements, texts, wrongs. */

import { calls } from "../shell/js/calls.js";
import { at, made } from "../shell/js/elements.js";
import { wordsOf } from "../shell/js/words.js";

export { at, made };
export const ask = calls();
export const page = JSON.parse(document.getElementById("desk-data").textContent);

/** A word of the page's own dictionary with its `{places}` filled. */
export const say = wordsOf(page.words);

/** Shows what is wrong in the place of a form, and marks the field; nothing: clears both. */
export function wrong(place, text = "", field = null) {
  place.textContent = text;
  place.hidden = text === "";
  if (field) field.setAttribute("aria-invalid", text === "" ? "false" : "true");
}

/** Pairs of a <dl>. */
export function pairs(list, rows) {
  list.replaceChildren(...rows.flatMap(([name, value]) => [made("dt", name), made("dd", value)]));
}

/** Puts the keyboard there and selects what stands in it. */
export function goTo(element) {
  element.focus();
  element.select?.();
}
