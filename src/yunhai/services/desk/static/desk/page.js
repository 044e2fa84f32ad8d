/** Small helpers of the desk's pages: its data and words, elements, texts, wrongs. */

export const page = JSON.parse(document.getElementById("desk-data").textContent);

/** A word of the page's own dictionary with its `{places}` filled. */
export function say(key, places = {}) {
  return (page.words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in places ? String(places[name]) : whole));
}

export const at = (id) => document.getElementById(id);

/** A new element with text and attributes. */
export function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

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
