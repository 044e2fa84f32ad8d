/**
 * The trade API, with the page's token: what is asked and what is sent.
 *
 * A signed instruction is sent again after a lost connection or 502-504, the same bytes and so the same client id: the core
 * answers the second as it answered the first and never orders twice. A refusal comes as `Refusal`.
 */

import { read } from "./calls.js";
import { canonical, deviceKey, forgetKey, nonce, registerKey, signed } from "./signing.js";
import { Refusal, refusalOf, token } from "./token.js";
import { language, word } from "./words.js";

const UNREGISTERED = 1; // stands in a preview before there is a key: what concerns the signature is not looked at there
const PAUSES_MS = [200, 800, 2000];
const AGAIN = new Set([502, 503, 504]);
const NOT_YET = 6518; // why a clerk looks at a client was registered a moment ago, and is on its way to the core
const UNKNOWN_KEY = new Set([6101]); // no such key of this person
const LOST_KEY = new Set([6105, 6106]); // revoked, past its end
const FACT_WAIT_MS = 60_000; // a fact is in the core within a second, where little else is done
const KEY_PAUSE_MS = 700;

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function once(method, path, text, fresh, signal) {
  const { text: bearer } = await token({ fresh });
  const headers = { Accept: "application/json", Authorization: `Bearer ${bearer}` };
  if (text !== undefined) headers["Content-Type"] = "application/json";
  return fetch(`/trade/v1${path}`, { method, headers, body: text, signal });
}

/** One call; `repeat`: may be sent again. Decoded JSON, or Refusal. */
export async function call(method, path, body, { repeat = method === "GET", signal } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const began = performance.now();
  let fresh = false;
  for (let round = 0; ; round += 1) {
    let answer = null;
    try {
      answer = await once(method, path, text, fresh, signal);
    } catch (error) {
      if (error instanceof Refusal || error.name === "AbortError") throw error;
    }
    if (answer?.status === 401 && !fresh) {
      fresh = true;
      continue;
    }
    if ((answer === null || AGAIN.has(answer.status)) && repeat && round < PAUSES_MS.length) {
      await later(PAUSES_MS[round]);
      continue;
    }
    if (answer === null) throw new Refusal({ text: word("error.network") });
    const value = await read(answer);
    if (value.error?.code === NOT_YET && repeat && performance.now() - began < FACT_WAIT_MS) {
      await later(PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)]);
      continue;
    }
    if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
    return value;
  }
}

let day = null;

/** The open day with its securities, ticks and phases; kept for the page's life, `fresh` asks again. */
export function market({ fresh = false } = {}) {
  if (!day || fresh) {
    day = call("GET", "/market").catch((error) => {
      day = null;
      throw error;
    });
  }
  return day;
}

/** A security of the open day, or null. */
export async function security(code) {
  return (await market()).securities.find((one) => one.code === code) ?? null;
}

export const account = (id) => call("GET", `/accounts/${id}`);
export const orders = async (id, state = "all") => (await call("GET", `/orders?account=${id}&state=${state}`)).orders;

/** Who trades here: `page` is the page's data { tenant, account, person, channel }. */
export function trader(page) {
  /** An instruction with everything that is the same from one to the next. */
  async function draft(fields, clientId) {
    const { date, mode } = await market();
    const kept = await deviceKey(page.person);
    return {
      action: "new", mode, tenant: page.tenant, account: page.account, client_id: clientId, date, nonce: nonce(), signed_at: Date.now(),
      key: kept?.key ?? UNREGISTERED, channel: page.channel ?? (matchMedia("(max-width: 56rem)").matches ? "mobile" : "web"), ...fields,
    };
  }

  /** What would happen now; changes nothing. */
  async function preview(fields, clientId, signal) {
    return call("POST", "/preview", await draft(fields, clientId), { repeat: true, signal });
  }

  let registered = -Infinity;
  let unanswered = null; // what was sent and never answered

  /**
   * Signs and sends; `consent` is asked for the device's first key and answers its name, or null. Null if it was refused there.
   *
   * `cloud` signs in this device's stead: { key, sign(text) }, whose answer is the signature, or null if the person left it.
   */
  async function place(fields, clientId, consent, cloud = null) {
    if (cloud) return placeByCloud(fields, clientId, cloud);
    let kept = await deviceKey(page.person);
    if (!kept) {
      const name = await consent();
      if (name === null) return null;
      kept = await registerKey(page.person, name);
      registered = performance.now();
      await later(KEY_PAUSE_MS); // the key's fact goes to the core
    }
    for (let id = clientId; ; id = crypto.randomUUID()) {
      const what = JSON.stringify([id, fields]);
      if (unanswered?.what !== what) unanswered = { what, body: await signed(kept, { ...(await draft(fields, id)), key: kept.key }) };
      try {
        const ack = await call("POST", "/orders", unanswered.body, { repeat: true });
        unanswered = null;
        return ack;
      } catch (error) {
        const definite = error instanceof Refusal && error.status >= 400 && error.status < 500;
        if (!definite) throw error; // whether it arrived is not known: the next try sends the same bytes
        unanswered = null;
        if (LOST_KEY.has(error.code)) await forgetKey(page.person);
        if (!UNKNOWN_KEY.has(error.code)) throw error;
        // A key registered a moment ago may still be on its way to the core: what was refused is refused for good, so ask anew.
        if (performance.now() - registered > FACT_WAIT_MS) {
          await forgetKey(page.person);
          throw error;
        }
        await later(KEY_PAUSE_MS);
      }
    }
  }

  async function placeByCloud(fields, clientId, cloud) {
    const what = JSON.stringify([clientId, fields, cloud.key]);
    if (unanswered?.what !== what) {
      const instruction = { ...(await draft(fields, clientId)), key: cloud.key };
      const signature = await cloud.sign(canonical(instruction));
      if (signature === null) return null;
      unanswered = { what, body: { instruction, signature } };
    }
    try {
      const ack = await call("POST", "/orders", unanswered.body, { repeat: true });
      unanswered = null;
      return ack;
    } catch (error) {
      if (error instanceof Refusal && error.status >= 400 && error.status < 500) unanswered = null;
      throw error;
    }
  }

  return { draft, preview, place };
}

/** An error's line for people: text and number. */
export function told(error) {
  if (error instanceof Refusal) {
    if (error.status === 429) return word("error.busy", { seconds: error.retry || 1 });
    return error.code ? `${error.text} (${error.code})` : error.text;
  }
  return word("error.unknown");
}

/** A check's text in the page's language. */
export function checkText(check) {
  return language === "zh" ? check.zh : check.en;
}
