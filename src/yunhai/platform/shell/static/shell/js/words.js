/** The page's dictionary (shell/words.py) and its places: `word("error.busy", { seconds: 3 })`; `wordsOf` the same of another. */

const element = document.getElementById("words");
const dictionary = element ? JSON.parse(element.textContent) : {};

/** Of a dictionary: the text of a key with its `{places}` filled; the key itself where there is no such word. */
export function wordsOf(texts) {
  return (key, places = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in places ? String(places[name]) : whole));
}

export const word = wordsOf(dictionary);

/** "zh" or "en": which of an answer's two texts is shown. */
export const language = document.documentElement.lang === "en" ? "en" : "zh";
