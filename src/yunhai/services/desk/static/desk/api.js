/** The desk's calls to the web API, with the session and its CSRF token. A refusal comes as `Refusal`. */

import { Refusal, csrf, refusalOf } from "../shell/js/token.js";
import { word } from "../shell/js/words.js";

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { headers: { Accept: "application/json", ...options.headers }, ...options });
  } catch {
    throw new Refusal({ text: word("error.network") });
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
  return value;
}

export const get = (path) => send(path, { method: "GET" });

export function post(path, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() };
  return send(path, { method: "POST", headers, body: JSON.stringify(body) });
}
