/** The page's token for core and stream: fetched from the session, kept in memory only, renewed before it ends. */

import { readable } from "./format.js";
import { word } from "./words.js";

const SPARE_MS = 45_000;
let current = null;
let pending = null;

/** A refusal as pages show it: `code`, `text`, `remedy`, and `status` of the answer (0: nothing came back). */
export class Refusal extends Error {
  constructor({ status = 0, code = 0, text, remedy = "", details = {}, retry = 0 }) {
    super(text);
    Object.assign(this, { status, code, text, remedy, details, retry });
  }
}

/** Reads an answer's `error` (YunhaiError.as_json) into a Refusal in the page's language. */
export function refusalOf(status, body, headers = null) {
  const error = body?.error ?? {};
  const chinese = document.documentElement.lang !== "en";
  const text = (chinese ? error.zh : error.en) ?? error.text ?? error.message;
  const remedy = (chinese ? error.remedy_zh : error.remedy_en) ?? error.remedy ?? "";
  const retry = Number(headers?.get("RateLimit-Reset") ?? headers?.get("Retry-After") ?? 0);
  if (!text && status === 401) return new Refusal({ status, text: word("error.signed_out") });
  return new Refusal({ status, code: error.code ?? 0, text: text ? readable(text) : word("error.unknown"), remedy, details: error.details ?? {}, retry });
}

export function csrf() {
  const field = document.querySelector("input[name=csrfmiddlewaretoken]");
  if (field) return field.value;
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("yunhai_csrf="));
  return cookie ? cookie.slice("yunhai_csrf=".length) : "";
}

async function fetched() {
  let answer;
  try {
    answer = await fetch("/api/v1/token", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      body: JSON.stringify({}),
    });
  } catch {
    throw new Refusal({ text: word("error.network") });
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusalOf(answer.status, body, answer.headers);
  const claims = JSON.parse(atob(body.token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  const life = (claims.exp - claims.iat) * 1000;
  return { text: body.token, until: performance.now() + life - SPARE_MS, claims };
}

/** A token with at least some seconds of life. Refusal if the session has none to give. */
export async function token({ fresh = false } = {}) {
  if (!fresh && current && performance.now() < current.until) return current;
  pending ??= fetched().finally(() => {
    pending = null;
  });
  current = await pending;
  return current;
}
