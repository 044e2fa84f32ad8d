/**
 * Quotes as pages use them: one shape for a book whatever the stream's message, and one subscription for many codes.
 *
 * A quote: { code, segment, last, open, high, low, volume, bids: [[price, shares], …], asks, phase, trial } with prices as decimal
 * text ("" none); `trial` is { price, quantity } while a call auction collects and shows what it would trade, else null.
 */

import { listen } from "./stream.js";

function levels(rows) {
  return (rows ?? []).map((row) => (Array.isArray(row) ? row : [row.price, row.quantity ?? row.shares]));
}

/** One quote of a message's entry. */
export function quoteOf(entry, before = {}) {
  const merged = { ...before.raw, ...entry };
  const trial = merged.trial;
  return {
    raw: merged,
    code: merged.code,
    segment: merged.segment ?? "board",
    last: merged.last ?? "",
    reference: merged.reference ?? "",
    open: merged.open ?? "",
    high: merged.high ?? "",
    low: merged.low ?? "",
    volume: merged.volume ?? 0,
    bids: levels(merged.bids ?? merged.bid),
    asks: levels(merged.asks ?? merged.ask),
    phase: merged.phase ?? "",
    trial: trial && (trial.price || trial.price === "") ? trial : null,
  };
}

/** Calls `listener(quote)` for the codes' quotes, at once and with each change. Returns a function that ends it. */
export function watchQuotes(codes, listener) {
  const known = new Map();
  return listen({ channel: "quotes", codes }, (message) => {
    const data = message.data ?? message;
    const entries = Array.isArray(data) ? data : (data.quotes ?? [data]);
    for (const entry of entries) {
      if (!entry?.code || !codes.includes(entry.code)) continue;
      const key = `${entry.code}|${entry.segment ?? "board"}`;
      const quote = quoteOf(entry, message.op === "update" ? known.get(key) : undefined);
      known.set(key, quote);
      listener(quote);
    }
  });
}
