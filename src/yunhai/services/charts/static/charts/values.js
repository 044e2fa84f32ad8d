/** The Lab's part of a chart: the bars in view as a table with their indicators, the same series as files, the moment of observation. */

import { at, made } from "/static/shell/js/elements.js";
import { count, money, price } from "/static/shell/js/format.js";
import { soon } from "/static/pocket/page.js";
import { dayText } from "./stage.js";

const ROWS = 200;
const QUIET_MS = 120;
const FORMS = ["csv", "parquet"];

export class Values {
  constructor(room) {
    this.room = room;
    this.words = room.words;
    this.renew = soon(async () => this.fill(), QUIET_MS);
    room.stage.chart.timeScale().subscribeVisibleLogicalRangeChange(this.renew);
    at("as-of").value = room.asOf;
    at("as-of").addEventListener("change", () => this.observe(at("as-of").value));
    at("as-of-now").addEventListener("click", () => this.observe(""));
    this.told();
    this.fill();
  }

  /** Shows the chart as it was known at a moment ("" now), and writes that into the page's address. */
  observe(moment) {
    this.room.asOf = moment;
    at("as-of").value = moment;
    const address = new URL(location.href);
    if (moment) address.searchParams.set("as_of", moment);
    else address.searchParams.delete("as_of");
    history.replaceState(null, "", address);
    this.told();
    this.room.load();
  }

  told() {
    at("as-of-now").hidden = !this.room.asOf;
    at("as-of-told").hidden = !this.room.asOf;
    at("as-of-told").textContent = this.words.as_known.replace("{moment}", this.room.asOf.replace("T", " "));
  }

  /** The rows in view anew, the newest first. */
  fill() {
    for (const form of FORMS) at(`take-${form}`).href = `/api/v1/charts${this.room.path({ form }, "file")}`;
    const { stage } = this.room;
    const some = stage.data?.time.length > 0;
    at("values").hidden = !some;
    if (!some) return;
    const range = stage.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    const last = Math.min(stage.times.length - 1, Math.floor(range.to));
    const first = Math.max(0, Math.ceil(range.from));
    const columns = this.columns();
    const head = made("tr");
    head.append(...columns.map(({ name }, place) => made("th", name, { scope: "col", class: place > 0 ? "num" : "" })));
    at("values-table").tHead.replaceChildren(head);
    const shown = Math.max(0, Math.min(ROWS, last - first + 1));
    at("values-table").tBodies[0].replaceChildren(...Array.from({ length: shown }, (_, place) => this.row(columns, last - place)));
    at("values-told").textContent = this.words.values_shown.replace("{shown}", count(shown)).replace("{count}", count(Math.max(0, last - first + 1)));
  }

  columns() {
    const { stage, words } = this.room;
    const { data, times } = stage;
    const whole = (name) => ({ name: words[name], of: (bar) => count(data[name === "shares" ? "volume" : name][bar]) });
    const found = [{ name: words.moment, of: (bar) => dayText(times[bar], stage.clock) }];
    for (const name of ["open", "high", "low", "close"]) found.push({ name: words[name], of: (bar) => price(BigInt(data[name][bar])) });
    found.push(this.room.futures ? { ...whole("shares"), name: words.contracts } : whole("shares"));
    if (data.value.some(Boolean)) found.push({ name: words.value, of: (bar) => money(BigInt(data.value[bar])) });
    if (data.trades.some(Boolean)) found.push(whole("trades"));
    for (const indicator of data.indicators) {
      for (const output of indicator.outputs) {
        const name = indicator.outputs.length === 1 ? indicator.label : `${indicator.label}.${output.name}`;
        found.push({ name, of: (bar) => output.values[bar]?.toFixed(4) ?? "–" });
      }
    }
    return found;
  }

  row(columns, bar) {
    const row = made("tr");
    const [moment, ...rest] = columns;
    row.append(made("th", moment.of(bar), { scope: "row", class: "nowrap" }), ...rest.map(({ of }) => made("td", of(bar), { class: "num" })));
    return row;
  }
}
