/**
 * A security's price alerts on its chart: the lines that the chart draws, a list of them below it, one set at a price, one taken away.
 *
 * A firing is heard of by the bell; what was set or taken away elsewhere is asked for now and then, and when the page is come back to.
 */

import { made } from "/static/shell/js/elements.js";
import { units } from "/static/shell/js/format.js";
import { OVER, badge, call, conditionOf, refused, say, undoable } from "./parts.js";

const LOOK_MS = 15_000;
const SIGNS = { price_up: "≥", price_down: "≤" };
const SHOWN = new Set(["armed", "paused", "fired"]);

export class Levels {
  /** `card` holds the list; `show` is given what to draw, { price, title, rests } each, or null once alerts are closed. */
  constructor(code, card, show) {
    Object.assign(this, { code, card, show });
    this.known = null;
    this.asked = 0;
    this.timer = 0;
    document.addEventListener("alerts:fired", () => this.look());
    document.addEventListener("visibilitychange", () => this.look());
    this.look();
  }

  /** Asks what there is, and again in a while. */
  async look() {
    clearTimeout(this.timer);
    if (document.hidden || this.over) return;
    const asked = (this.asked += 1);
    try {
      const { alerts } = await call("GET");
      if (asked !== this.asked) return; // another look knows better
      this.put(alerts.filter((one) => one.code === this.code && one.kind in SIGNS && SHOWN.has(one.state)));
    } catch (error) {
      if (OVER.includes(error.status)) {
        this.over = true;
        this.card.hidden = true;
        this.show(null);
        return;
      }
      /* else it is asked again in a while; what was shown stays */
    }
    if (asked === this.asked) this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  put(alerts) {
    const known = JSON.stringify(alerts.map(({ id, kind, value, state, note }) => [id, kind, value, state, note]));
    if (known === this.known) return;
    this.known = known;
    this.card.hidden = alerts.length === 0;
    this.card.querySelector("ul").replaceChildren(...alerts.map((one) => this.row(one)));
    this.show(
      alerts.map(({ kind, value, state }) => ({
        price: value,
        title: `${state === "armed" ? say("level") : say(`state.${state}`)} ${SIGNS[kind]}`,
        rests: state !== "armed",
      })),
    );
  }

  row(one) {
    const item = made("li", "", { "data-alert": one.id, "data-state": one.state });
    const what = conditionOf(one.kind, one.value);
    const remove = made("button", say("delete"), { type: "button", class: "button plain little", "aria-label": say("delete_of", { name: what }) });
    remove.addEventListener("click", () => this.remove(one, what));
    item.append(made("span", one.note ? `${what} · ${one.note}` : what, { class: "grow" }), badge(one.state), remove);
    return item;
  }

  /** An alert at a price, of a rise to it or a fall, by where the last price is. */
  async set(price, last) {
    const kind = (units(last) ?? 0n) > units(price) ? "price_down" : "price_up";
    try {
      const one = await call("POST", "", { code: this.code, kind, value: price });
      undoable(say("made", { code: this.code }), one.holds ? say("made_holds") : conditionOf(kind, one.value), () => this.gone(one));
    } catch (error) {
      refused(error);
    }
    await this.look();
  }

  async gone(one) {
    await call("DELETE", `/${one.id}`);
    await this.look();
  }

  async remove(one, what) {
    try {
      await this.gone(one);
    } catch (error) {
      refused(error);
      await this.look();
      return;
    }
    undoable(say("deleted", { code: this.code }), what, async () => {
      await call("POST", `/${one.id}/restore`);
      await this.look();
    });
  }
}
