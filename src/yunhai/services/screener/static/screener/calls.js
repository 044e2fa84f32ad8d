/** Calls of /api/v1/screener from the page's session: decoded JSON, or Refusal. */

import { Refusal, csrf, refusalOf } from "/static/shell/js/token.js";
import { word } from "/static/shell/js/words.js";

export async function call(method, path, body, { signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrf();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(`/api/v1/screener${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ text: word("error.network") });
  }
  const value = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
  return value;
}
