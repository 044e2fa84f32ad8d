/**
 * How a moment is looked at, as a permalink's `view` says it: "2330,x50,120-480" is the security whose book is open, the speed, and
 * the span's two positions; what is left out at its end is as usual. It is nobody's proof: the link's hash stands for the events
 * alone, and what cannot be read here is left out.
 */

import { millis } from "./parts.js";

export const SPEEDS = ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200", "500", "1000"];
const USUAL = "1";
const SPAN = /^(\d{0,12})-(\d{0,12})$/;

/** { code, speed, span: [position or null, …] } of a link; "" and null where it says nothing. */
export function viewOf(link) {
  const [code = "", speed = "", span = ""] = (new URLSearchParams(link).get("view") ?? "").split(",");
  const [, ...ends] = SPAN.exec(span) ?? [span, "", ""];
  return { code, speed: SPEEDS.find((one) => speed === `x${one}`) ?? "", span: ends.map((one) => (one === "" ? null : Number(one))) };
}

/** The same as text; `span` of [{ position }, …] with null where there is none. "" if there is nothing to say. */
export function viewText({ code, several, speed, span }) {
  const ends = span.some(Boolean) ? span.map((one) => one?.position ?? "").join("-") : "";
  const said = [speed === USUAL ? "" : `x${speed}`, ends];
  return said.some(Boolean) || several ? [code, ...said].join(",").replace(/,+$/, "") : "";
}

/** A span's ends with their times, [{ position, ms }, …]; `stand(position)` asks for the state there. None beyond `end` or turned around. */
export async function spanAt([from, to], end, stand) {
  const fits = (one) => one !== null && one <= end;
  if (fits(from) && fits(to) && from >= to) return [null, null];
  const marked = [];
  for (const position of [from, to]) marked.push(fits(position) ? { position, ms: millis((await stand(position)).time) } : null);
  return marked;
}

/** A permalink's query of its fields, those that say nothing left out; commas, colons and strokes stay readable. */
export function linkText(fields) {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "")).toString();
  return query.replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3A/g, ":");
}
