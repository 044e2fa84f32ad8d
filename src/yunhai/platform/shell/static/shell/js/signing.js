/**
 * Signing on this device: a P-256 key that cannot leave the browser signs what is sent, exactly as trading/instructions.py says.
 *
 * The key pair is made by WebCrypto, its private half non-extractable, and kept in IndexedDB of this origin, one per person. The
 * canonical text is the lines `name=value` of FIELDS; what is signed is the DER of the CMS signed attributes over its SHA-256.
 */

import { Refusal, csrf, refusalOf } from "./token.js";
import { word } from "./words.js";

export const VERSION_LINE = "yunhai-instruction-1";
export const FIELDS = [
  "action", "mode", "tenant", "account", "client_id", "date", "nonce", "signed_at", "key", "channel", "order", "code", "segment", "side",
  "order_type", "time_in_force", "credit", "price", "quantity", "instruction_kind", "instruction_id", "instruction_at",
];
const ATTRIBUTES_HEAD = "314b301806092a864886f70d010903310b06092a864886f70d010701302f06092a864886f70d01090431220420";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGN = { name: "ECDSA", hash: "SHA-256" };

/** The text that is signed. */
export function canonical(instruction) {
  const lines = FIELDS.map((name) => {
    const value = instruction[name];
    return `${name}=${value === 0 || value === undefined || value === null ? "" : value}`;
  });
  return `${VERSION_LINE}\n${lines.join("\n")}\n`;
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** base64url without padding. */
export function base64url(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The DER that the signature is over, 77 bytes. */
export async function signedAttributes(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const head = bytesOf(ATTRIBUTES_HEAD);
  const all = new Uint8Array(head.length + 32);
  all.set(head);
  all.set(new Uint8Array(digest), head.length);
  return all;
}

/** 32 lower-case hex digits, new each time. */
export function nonce() {
  return hexOf(crypto.getRandomValues(new Uint8Array(16)));
}

// --- the key's place -------------------------------------------------------------------------------------------------

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("yunhai", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys", { keyPath: "person" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore(mode, action) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("keys", mode);
      const request = action(transaction.objectStore("keys"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** This device's registered key of a person: { person, key, pair } or null. */
export async function deviceKey(person) {
  const kept = await inStore("readonly", (store) => store.get(String(person)));
  return kept?.key ? kept : null;
}

/** Forgets it: the cloud does not know the key (any more). */
export async function forgetKey(person) {
  await inStore("readwrite", (store) => store.delete(String(person)));
}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refusal({ text: word("error.network") });
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusalOf(answer.status, value, answer.headers);
  return value;
}

/** Makes a key, proves to the cloud that it is here, and keeps it. Refusal if the cloud does not take it. */
export async function registerKey(person, name) {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const point = base64url(await crypto.subtle.exportKey("raw", pair.publicKey));
  const { challenge } = await post("/api/v1/keys/challenge", {});
  const proof = base64url(await crypto.subtle.sign(SIGN, pair.privateKey, new TextEncoder().encode(challenge)));
  const answer = await post("/api/v1/keys", { public: point, challenge, proof, kind: "device", name });
  const kept = { person: String(person), key: answer.key ?? answer.id, pair };
  await inStore("readwrite", (store) => store.put(kept));
  return kept;
}

/** The SignedInstruction of an instruction whose `key` is this one's. */
export async function signed(kept, instruction) {
  const attributes = await signedAttributes(canonical(instruction));
  const signature = await crypto.subtle.sign(SIGN, kept.pair.privateKey, attributes);
  return { instruction, signature: base64url(signature) };
}
