/**
 * Decimal text, exactly: prices and money are BigInt in 1/10,000 NT$, never a float.
 *
 * `units("101.5")` is 1015000n; `priceText(1015000n)` is "101.50", the only normal form of a price (kernel/money.py), which is
 * what is signed; `price(…)`, `money(…)` and `count(…)` are what people read.
 */

export const SCALE = 10_000n;
const DIGITS = /^\d{1,15}(\.\d+)?$/;

/** The units of decimal text; null if it is no plain decimal of at most four places. */
export function units(text) {
  const trimmed = String(text ?? "").trim().replaceAll(",", "");
  const negative = trimmed.startsWith("-");
  const body = negative ? trimmed.slice(1) : trimmed;
  if (!DIGITS.test(body)) return null;
  const [whole, part = ""] = body.split(".");
  const places = part.replace(/0+$/, "");
  if (places.length > 4) return null;
  const value = BigInt(whole) * SCALE + BigInt(places.padEnd(4, "0") || "0");
  return negative ? -value : value;
}

/** The normal form of a price on the wire and in the signed text: two to four places. */
export function priceText(value) {
  const [whole, part = ""] = plain(value).split(".");
  return `${whole}.${part.padEnd(2, "0")}`;
}

/** No sign for zero, no trailing zeros, no grouping. */
export function plain(value) {
  const sign = value < 0n ? "-" : "";
  const size = value < 0n ? -value : value;
  const part = String(size % SCALE).padStart(4, "0").replace(/0+$/, "");
  return `${sign}${size / SCALE}${part ? `.${part}` : ""}`;
}

function grouped(whole) {
  return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function read(value) {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "bigint" ? value : units(value);
}

/** A price as read: two places, or as many as it has. "–" for none. */
export function price(value) {
  const found = read(value);
  if (found === null) return "–";
  const [whole, part] = priceText(found).split(".");
  return `${grouped(whole)}.${part}`;
}

/** Money as read: grouped, places only where there are some. "–" for none. */
export function money(value, { signed = false } = {}) {
  const found = read(value);
  if (found === null) return "–";
  const size = found < 0n ? -found : found;
  const [whole, part] = plain(size).split(".");
  const sign = found < 0n ? "−" : signed && found > 0n ? "+" : "";
  return `${sign}${grouped(whole)}${part ? `.${part.padEnd(2, "0")}` : ""}`;
}

/** A sentence with its amounts as read: "8184210.00" becomes "8,184,210.00". */
export function readable(sentence) {
  return String(sentence ?? "").replace(/(?<![\d.,])\d{4,}(?=\.\d{2})/g, grouped);
}

/** A whole number as read. */
export function count(value) {
  if (value === null || value === undefined || value === "") return "–";
  const text = String(value);
  return text.startsWith("-") ? `−${grouped(text.slice(1))}` : grouped(text);
}

/** up | down | flat of a difference. */
export function tone(difference) {
  if (difference === null) return "flat";
  return difference > 0n ? "up" : difference < 0n ? "down" : "flat";
}

/** What a last price is against its reference: { tone, amount: "15.00", percent: "1.40%" } or null. */
export function change(last, reference) {
  const now = read(last);
  const before = read(reference);
  if (now === null || before === null || before === 0n) return null;
  const difference = now - before;
  const size = difference < 0n ? -difference : difference;
  const hundredths = (size * 20_000n + before) / (before * 2n); // rounded half up
  return { tone: tone(difference), amount: price(size), percent: `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}%` };
}

/** The tick that holds from `value` upwards, of steps [{ at, tick }] in units, ascending. */
function tickAt(steps, value) {
  let found = steps[0];
  for (const step of steps) if (step.at <= value) found = step;
  return found.tick;
}

/** The next price of the grid above (`way` 1) or below (−1), kept within the limits (0n: none). */
export function stepped(steps, value, way, { up = 0n, down = 0n } = {}) {
  let next;
  if (way > 0) {
    const tick = tickAt(steps, value);
    next = (value / tick + 1n) * tick;
  } else {
    const tick = tickAt(steps, value > 0n ? value - 1n : 0n);
    next = value % tick === 0n ? value - tick : (value / tick) * tick;
  }
  if (up > 0n && next > up) next = up;
  if (next < down) next = down;
  return next > 0n ? next : value;
}

/** The price of the grid that is nearest to `value`. */
export function nearest(steps, value) {
  const tick = tickAt(steps, value);
  return ((value + tick / 2n) / tick) * tick;
}

/** "10:00:00.123" of an ISO time, as it stands there; `places` of the second. */
export function clockTime(iso, places = 0) {
  const text = String(iso ?? "");
  const time = text.length > 11 ? text.slice(11) : text;
  return places > 0 ? time.slice(0, 9 + places) : time.slice(0, 8);
}
