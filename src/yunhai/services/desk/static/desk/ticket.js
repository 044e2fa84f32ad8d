/**
 * What a desk ticket means, without a page: fields in the order a clerk types them, what each may hold, what is missing,
 * and the instruction that comes out. Nothing here touches the document, so that a test can call it.
 *
 * Amounts stay text. A quantity is written in lots 張 ("3") or in odd shares 股 ("7s", "7股"); a price is decimal text or M for
 * market. The server checks everything again: this only spares a clerk the round trip.
 */

export const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const FIELDS = ["code", "side", "price", "quantity"];
const SIDES = { b: "buy", s: "sell", 買: "buy", 賣: "sell", 1: "buy", 2: "sell" };
const LIVES = { r: "rod", i: "ioc", f: "fok" };

/** The sequence of an order's number 委託書編號: its characters after the terminal, base 62. */
export function sequenceOf(orderNumber, terminal) {
  let value = 0;
  for (const digit of orderNumber.slice(terminal.length)) {
    const place = DIGITS.indexOf(digit);
    if (place < 0) return null;
    value = value * 62 + place;
  }
  return orderNumber.startsWith(terminal) ? value : null;
}

/** Shares of what was typed, or null. `lot` is the security's. */
export function shares(text, lot = 1000) {
  const match = /^(\d{1,7})\s*(張|股|s)?$/i.exec(text.trim());
  if (!match) return null;
  const odd = match[2] === "股" || match[2]?.toLowerCase() === "s";
  const value = Number(match[1]) * (odd ? 1 : lot);
  return value > 0 ? value : null;
}

/** {order_type, price} of what was typed, or null. M is market. */
export function price(text) {
  const typed = text.trim();
  if (/^(m|市價?)$/i.test(typed)) return { order_type: "market", price: "" };
  const match = /^(\d{1,5})(?:\.(\d{1,4}))?$/.exec(typed);
  if (!match || Number(typed) === 0) return null;
  const part = (match[2] ?? "").replace(/0+$/, "");
  return { order_type: "limit", price: `${Number(match[1])}.${part.padEnd(2, "0")}` };
}

export function side(text) {
  return SIDES[text.trim().toLowerCase()] ?? null;
}

/**
 * The order typed so far: {order, missing}. `missing` names the first field that is empty or wrong, "" when all stand.
 * @param {{code: string, side: string, price: string, quantity: string, life: string}} typed
 * @param {{lot?: number, unit?: number}} security
 */
export function read(typed, security = {}) {
  const lot = security.lot ?? 1000;
  const order = {
    code: typed.code.trim().toUpperCase(),
    side: side(typed.side),
    ...(price(typed.price) ?? { order_type: null, price: null }),
    quantity: shares(typed.quantity, lot),
    time_in_force: LIVES[typed.life] ?? typed.life,
    credit: "cash",
  };
  const wrong = {
    code: !/^[0-9A-Z]{4,6}$/.test(order.code),
    side: !order.side,
    price: !order.order_type,
    quantity: !order.quantity,
  };
  order.segment = order.quantity && order.quantity % lot !== 0 && order.quantity < lot ? "odd_lot" : "board";
  return { order, missing: FIELDS.find((name) => wrong[name]) ?? "" };
}

/** The next field to type in after `name`, the first wrong one from there on; "" when all are right. */
export function nextField(name, typed, security) {
  const { missing } = read(typed, security);
  if (!missing) return "";
  const at = FIELDS.indexOf(name);
  return FIELDS.slice(at + 1).find((field) => !typed[field].trim()) ?? missing;
}

/** One line of a batch of paper tickets: number, account, code, side, price, quantity; spaces, tabs or commas between. */
export function paperLine(line) {
  const parts = line.trim().split(/[\s,，]+/);
  if (parts.length !== 6) return { wrong: parts.length < 6 ? "short" : "long" };
  const [record, account, code, sideText, priceText, quantityText] = parts;
  if (!/^[0-9A-Za-z][0-9A-Za-z._:/-]{0,31}$/.test(record)) return { wrong: "record" };
  if (!/^\d{7}$/.test(account)) return { wrong: "account" };
  const typed = { code, side: sideText, price: priceText, quantity: quantityText, life: "r" };
  const { order, missing } = read(typed);
  return missing ? { wrong: missing } : { record, account, order };
}
