/** The dialog that puts an indicator on the chart: the registry by name and group, and a field for each parameter. */

import { calls } from "/static/shell/js/calls.js";
import { language } from "/static/shell/js/words.js";

const call = calls("/charts");
const COMMON = ["MA", "KD", "MACD", "RSI", "BBANDS", "DMI", "OBV", "WILLR", "BIAS", "PSY", "SAR", "ADX", "CCI", "VWAP", "EMA", "ATR", "MFI"];
const FIRST_PERIOD = { MA: 5, SMA: 5, EMA: 12 };

export class Chooser {
  constructor(words, added) {
    this.words = words;
    this.added = added;
    this.dialog = document.getElementById("chooser");
    this.find = document.getElementById("indicator-find");
    this.select = document.getElementById("indicator");
    this.parameters = document.getElementById("parameters");
    this.says = document.getElementById("indicator-says");
    this.registry = [];
    document.getElementById("open-chooser").addEventListener("click", () => this.open());
    this.find.addEventListener("input", () => this.list());
    this.find.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      this.select.focus();
    });
    this.select.addEventListener("change", () => this.chosen());
    this.select.addEventListener("dblclick", () => this.dialog.close("yes"));
    this.dialog.addEventListener("close", () => this.dialog.returnValue === "yes" && this.add());
    this.dialog.querySelector("form").addEventListener("submit", (event) => {
      if (event.submitter?.value === "yes" && !this.select.value) event.preventDefault();
    });
  }

  async open() {
    this.dialog.returnValue = "no";
    this.dialog.showModal();
    if (this.registry.length === 0) this.registry = await call("GET", "/indicators");
    this.find.value = "";
    this.list();
    this.find.focus();
  }

  nameOf(one) {
    return language === "zh" ? `${one.name} ${one.zh}` : `${one.name}: ${one.en}`;
  }

  list() {
    const text = this.find.value.trim().toUpperCase();
    const groups = new Map();
    const put = (group, one) => groups.set(group, [...(groups.get(group) ?? []), one]);
    const found = this.registry.filter((one) => !text || one.name.includes(text) || one.zh.includes(text) || one.en.toUpperCase().includes(text));
    const rank = (one) => (one.name === text ? 0 : one.name.startsWith(text) ? 1 : 2);
    if (text) found.sort((one, other) => rank(one) - rank(other));
    else for (const name of COMMON) for (const one of this.registry) if (one.name === name) put(this.words["group.common"], one);
    for (const one of found) if (text || !COMMON.includes(one.name)) put(this.words[`group.${one.group}`] ?? one.group, one);
    this.select.replaceChildren(
      ...[...groups].map(([label, all]) => {
        const group = document.createElement("optgroup");
        group.label = label;
        group.append(...all.map((one) => new Option(this.nameOf(one), one.name)));
        return group;
      }),
    );
    this.select.selectedIndex = this.select.options.length ? 0 : -1;
    this.chosen();
  }

  chosen() {
    const one = this.registry.find((each) => each.name === this.select.value);
    this.fields = [];
    this.parameters.replaceChildren(...(one?.parameters ?? []).map((parameter) => this.field(one, parameter)));
    this.says.textContent = one ? (language === "zh" ? one.outputs.map((output) => output.zh).join("、") : one.outputs.map((output) => output.name).join(", ")) : "";
  }

  field(one, parameter) {
    const box = document.createElement("div");
    box.className = "field";
    const label = document.createElement("label");
    label.textContent = this.words[`parameter.${parameter.name}`] ?? parameter.name;
    label.htmlFor = `parameter-${parameter.name}`;
    let input;
    if (parameter.kind === "choice") {
      input = document.createElement("select");
      input.append(...parameter.choices.map((choice) => new Option(choice, choice)));
    } else {
      input = document.createElement("input");
      input.type = "number";
      input.min = parameter.lowest;
      input.max = parameter.highest;
      input.step = parameter.kind === "int" ? 1 : "any";
      input.required = true;
    }
    input.id = label.htmlFor;
    input.value = (parameter.name === "timeperiod" && FIRST_PERIOD[one.name]) || parameter.default;
    this.fields.push({ parameter, input });
    box.append(label, input);
    return box;
  }

  add() {
    if (!this.select.value) return;
    const values = this.fields.map(({ parameter, input }) => `${parameter.name}=${input.value}`);
    this.added(values.length ? `${this.select.value}(${values.join(",")})` : this.select.value);
  }
}
