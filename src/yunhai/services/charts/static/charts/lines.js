/**
 * Lines over the candles: drawn, found under the pointer, and made by two clicks (or one), or by Enter at the crosshair.
 *
 * A line is { drawing, kind, points: [{ time, price }] } as the server keeps it: market seconds and decimal text, so that it lies
 * on the same days whatever the span of the bars.
 */

const NEAR_PX = 7;
const HANDLE_PX = 4;
const GRIP_PX = 10;

export class Lines {
  constructor(stage) {
    this.stage = stage;
    this.all = [];
    this.selected = null;
    this.draft = null;
    this.request = () => {};
    this.views = [{ zOrder: () => "top", renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace((scope) => this.paint(scope)) }) }];
  }

  attached({ requestUpdate }) {
    this.request = requestUpdate;
  }

  detached() {
    this.request = () => {};
  }

  updateAllViews() {}

  paneViews() {
    return this.views;
  }

  set(all) {
    this.all = all;
    this.request();
  }

  /** { x1, y1, x2, y2 } of a line on the stage, or null where it cannot be placed. */
  ends(line, width) {
    const y = (point) => this.stage.candles.priceToCoordinate(Number(point.price));
    const [first, second] = line.points;
    const y1 = y(first);
    if (y1 === null) return null;
    if (line.kind === "horizontal") return { x1: 0, y1, x2: width, y2: y1 };
    const x1 = this.stage.xOf(first.time);
    const x2 = second ? this.stage.xOf(second.time) : null;
    const y2 = second ? y(second) : null;
    return x1 === null || x2 === null || y2 === null ? null : { x1, y1, x2, y2 };
  }

  paint({ context, mediaSize }) {
    for (const line of [...this.all, ...(this.draft ? [this.draft] : [])]) {
      const ends = this.ends(line, mediaSize.width);
      if (!ends) continue;
      const chosen = line === this.draft || line.drawing === this.selected;
      context.beginPath();
      context.strokeStyle = this.stage.ink.accent;
      context.lineWidth = chosen ? 2.5 : 1.5;
      context.setLineDash(line === this.draft ? [5, 4] : []);
      context.moveTo(ends.x1, ends.y1);
      context.lineTo(ends.x2, ends.y2);
      context.stroke();
      context.setLineDash([]);
      if (!chosen || line.kind === "horizontal") continue;
      context.fillStyle = this.stage.ink.accent;
      for (const [x, y] of [[ends.x1, ends.y1], [ends.x2, ends.y2]]) {
        context.beginPath();
        context.arc(x, y, HANDLE_PX, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  /** The line under a place of the stage, or null. */
  at(x, y) {
    const width = this.stage.chart.timeScale().width();
    return this.all.find((line) => {
      const ends = this.ends(line, width);
      return ends && near(ends, x, y);
    }) ?? null;
  }

  /** What a pointer takes hold of: { line, end }, `end` the place of a point among the line's, null for the whole line. */
  grip(x, y) {
    const width = this.stage.chart.timeScale().width();
    for (const line of [...this.all].sort((one) => (one.drawing === this.selected ? -1 : 0))) {
      const ends = line.kind === "trend" ? this.ends(line, width) : null;
      if (!ends) continue;
      if (Math.hypot(x - ends.x1, y - ends.y1) <= GRIP_PX) return { line, end: 0 };
      if (Math.hypot(x - ends.x2, y - ends.y2) <= GRIP_PX) return { line, end: 1 };
    }
    const line = this.at(x, y);
    return line ? { line, end: null } : null;
  }

  hitTest(x, y) {
    const found = this.grip(x, y);
    return found ? { externalId: `line-${found.line.drawing}`, cursorStyle: found.end === null ? "grab" : "move", zOrder: "top" } : null;
  }
}

/** Whether a place is within some pixels of a stretch. */
export function near({ x1, y1, x2, y2 }, x, y) {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - (x1 + along * dx), y - (y1 + along * dy)) <= NEAR_PX;
}
