/** The form that builds one condition: a value, how it compares, with what, and for how many sessions running. */

import { at, made, own, say } from "./parts.js";

const COMMON = [
  ["sma", "real"], ["kd", "k"], ["kd", "d"], ["rsi", "real"], ["macd", "macd"], ["macd", "macdsignal"], ["macd", "macdhist"], ["bbands", "upperband"],
  ["bbands", "lowerband"], ["bias", "real"], ["willr", "real"], ["psy", "real"], ["adx", "real"], ["cci", "real"], ["obv", "real"],
];
const GROUPS = ["price", "volume", "flows", "margin", "revenue"];

/** `add(text)` is called with the condition. */
export function builder(words, add) {
  const left = at("left");
  const chinese = document.documentElement.lang !== "en";
  const numbers = new Map(); // an indicator as written -> its numbers

  const group = (key, options) => {
    const box = made("optgroup", "", { label: say(`group.${key}`) });
    box.append(...options);
    left.append(box);
  };
  const indicator = (one, place) => {
    const many = one.outputs.length > 1;
    const name = many ? `${one.name}.${one.outputs[place]}` : one.name;
    numbers.set(name, one.numbers);
    const short = one.name.toUpperCase();
    const told = own(one).startsWith(short) ? own(one) : `${short} ${own(one)}`;
    const output = chinese ? `：${one.outputs_zh[place]}` : `: ${one.outputs[place]}`;
    return made("option", many ? told + output : told, { value: name });
  };
  const known = new Map(words.indicators.map((one) => [one.name, one]));
  for (const key of GROUPS) group(key, words.fields.filter((one) => one.group === key).map((one) => made("option", own(one), { value: chinese ? one.zh : one.name })));
  group("common", COMMON.map(([name, output]) => indicator(known.get(name), known.get(name).outputs.indexOf(output))));
  group("indicators", words.indicators.flatMap((one) => one.outputs.map((_, place) => indicator(one, place))));
  at("right-values").replaceChildren(
    ...words.fields.map((one) => made("option", "", { value: chinese ? one.zh : one.name })),
    ...["sma(5)", "sma(20)", "sma(60)", "kd.d(9,3,3)", "macd.macdsignal(12,26,9)", "prev(close, 1)", "prev(highest(high, 20), 1)", "prev(mean(volume, 5), 1)"].map((value) => made("option", "", { value })),
  );

  const shown = () => {
    const given = numbers.get(left.value);
    at("left-numbers-field").hidden = !given?.length;
    at("left-numbers").value = (given ?? []).join(",");
  };
  left.addEventListener("change", shown);
  shown();

  at("builder").addEventListener("submit", (event) => {
    event.preventDefault();
    const given = at("left-numbers").value.trim();
    const value = numbers.get(left.value)?.length && given ? `${left.value}(${given})` : left.value;
    const sign = at("sign").value;
    const right = at("right").value.trim().replaceAll("，", ",");
    const condition = sign.startsWith("cross") ? `${sign}(${value}, ${right})` : `${value} ${sign} ${right}`;
    const running = Number(at("running").value);
    add(running > 1 ? `always(${condition}, ${running})` : condition);
    at("right").value = "";
    at("running").value = "1";
    left.focus();
  });
}
