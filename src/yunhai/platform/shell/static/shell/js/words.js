/** The page's dictionary (shell/words.py) and its places: `word("error.busy", { seconds: 3 })`. */

const element = document.getElementById("words");
const dictionary = element ? JSON.parse(element.textContent) : {};

/** The text of a key with its `{places}` filled; the key itself where the page has no such word. */
export function word(key, places = {}) {
  const text = dictionary[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in places ? String(places[name]) : whole));
}

/** "zh" or "en": which of an answer's two texts is shown. */
export const language = document.documentElement.lang === "en" ? "en" : "zh";
