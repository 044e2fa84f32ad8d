/**
 * The market's time with its long silences left out: a night, a weekend. What is drawn along it (the chart, the scrub bar) shows the
 * hours in which something happens, one stretch behind the other.
 */

export class Hours {
  /** `stretches` [[from, to], …] in ms, ascending; at least one. */
  constructor(stretches) {
    this.length = 0;
    this.parts = stretches.map(([from, until]) => {
      const part = { from, to: Math.max(until, from + 1), at: this.length };
      this.length += part.to - part.from;
      return part;
    });
  }

  get from() {
    return this.parts[0].from;
  }

  get to() {
    return this.parts.at(-1).to;
  }

  /** How far along a moment lies; one in a silence at the end of what was before it. */
  along(ms) {
    const part = this.parts.findLast((one) => one.from <= ms) ?? this.parts[0];
    return part.at + Math.min(Math.max(ms, part.from), part.to) - part.from;
  }

  /** The moment that lies so far along. */
  moment(along) {
    const part = this.parts.findLast((one) => one.at <= along) ?? this.parts[0];
    return Math.min(part.from + Math.max(0, along - part.at), part.to);
  }

  /** Where bars of so many seconds begin, ascending, in seconds; every one that has a part of a stretch. */
  bars(seconds) {
    const times = [];
    for (const { from, to } of this.parts) {
      const last = Math.floor(to / 1000 / seconds) * seconds;
      for (let time = Math.floor(from / 1000 / seconds) * seconds; time <= last; time += seconds) if (times.length === 0 || time > times.at(-1)) times.push(time);
    }
    return times;
  }
}
