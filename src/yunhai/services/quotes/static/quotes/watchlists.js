/**
 * A person's watchlists, kept by the cloud: the same on every device and at every broker.
 *
 * Browsers kept one list per account by themselves before. What such a browser has is brought along once (`import`), and its own copy
 * is removed when the cloud has it. Without an answer the lists are empty and nothing is lost: the copy stays.
 */

import { Refusal, csrf, refusalOf } from "/static/shell/js/token.js";
import { word } from "/static/shell/js/words.js";

const PLACE = "/api/v1/quotes/watchlists";
const OLD = "yunhai.watch."; // + the account, of browsers that kept their list themselves
export const MOST = 100;

/** One call; decoded JSON, or Refusal. */
export async function ask(method, path = "", body = undefined) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrf();
  let answer;
  try {
    answer = await fetch(`${PLACE}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refusal({ text: word("error.network") });
  }
  const value = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
  return value;
}

/** The codes that this browser kept by itself for an account; null for none. */
function kept(account) {
  try {
    const codes = JSON.parse(localStorage.getItem(OLD + account) ?? "null");
    return Array.isArray(codes) && codes.length > 0 ? codes.filter((code) => typeof code === "string") : null;
  } catch {
    return null; // a list that cannot be read is no list
  }
}

/** All lists, with what the browser brings along. Refusal. */
export async function load(account) {
  const own = kept(account);
  if (!own) return (await ask("GET")).watchlists;
  const lists = (await ask("POST", "/import", { codes: own })).watchlists;
  localStorage.removeItem(OLD + account);
  return lists;
}

export const make = (name, codes) => ask("POST", "", { name, codes });
export const change = (id, what) => ask("PUT", `/${id}`, what);
export const remove = (id) => ask("DELETE", `/${id}`);
