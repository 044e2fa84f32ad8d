/**
 * A person's watchlists, kept by the cloud: the same on every device and at every broker.
 *
 * Browsers kept one list per account by themselves before. What such a browser has is brought along once (`import`), and its own copy
 * is removed when the cloud has it. Without an answer the lists are empty and nothing is lost: the copy stays.
 */

import { calls } from "/static/shell/js/calls.js";

const ask = calls("/quotes/watchlists");
const OLD = "yunhai.watch."; // + the account, of browsers that kept their list themselves
export const MOST = 100;

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
