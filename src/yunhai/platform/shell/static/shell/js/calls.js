/** Calls of the web API from the page's session: `const call = calls("/charts")`, then `await call("GET", "/chosen")`. */

import { Refusal, csrf, refusalOf } from "./token.js";
import { word } from "./words.js";

/** An answer's JSON; nothing of what is none. What is given up while it comes in throws AbortError. */
export async function read(answer) {
  try {
    return await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return {};
  }
}

/** A function for the routes below `/api/v1` + `place`: what it answers is decoded (null where nothing comes), or a Refusal. */
export function calls(place = "") {
  return async function call(method, path = "", body = undefined, { signal } = {}) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRFToken"] = csrf();
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer;
    try {
      answer = await fetch(`/api/v1${place}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error; // the caller's own wish
      throw new Refusal({ text: word("error.network") });
    }
    const value = answer.status === 204 ? null : await read(answer);
    if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
    return value;
  };
}
