/**
 * The slider and the counts beside it. While it is held only the picture follows; letting go tells the page once.
 */

import { amount, count, share, valueAt } from "./figures.js";

const SETTLE_MS = 250; // keys pause this long before the page is told

export class Budget {
  constructor(map, on) {
    this.map = map;
    this.value = 0;
    this.maximum = 0;
    this.sequence = 0; // number of the last release told to the page
    this.held = false;
    const { slider } = map.parts;
    on(slider, "input", (event) => {
      this.held = true;
      this.choose(Number(slider.value), event.timeStamp);
    });
    // A slider that comes back to where the drag began says no "change", so the pointer is watched too.
    for (const kind of ["change", "pointerup", "pointercancel", "blur"]) {
      on(slider, kind, () => this.release());
    }
    on(window, "winnow-totals", (event) => this.learn(event.detail));
    on(slider, "keydown", (event) => {
      const value = steered(event, this.value, this.maximum);
      if (value !== null) {
        event.preventDefault();
        this.held = true;
        this.choose(value, event.timeStamp);
        clearTimeout(this.settling);
        this.settling = setTimeout(() => this.release(), SETTLE_MS);
      }
    });
  }

  /**
   * Take the page's budget, unless the reader is ahead of it: the page echoes the number of the last release it has seen, and
   * an older echo must not pull the thumb back.
   */
  follow({ budget, maximum, sequence }) {
    this.maximum = maximum;
    this.exact = null;
    if (sequence >= this.sequence) {
      this.told = budget; // also while it is held: what an undo set meanwhile is answered by the release
      if (!this.held) {
        this.sequence = sequence;
        this.value = budget;
      }
    }
    const { slider } = this.map.parts;
    slider.min = Math.min(1, maximum);
    slider.max = maximum;
    slider.disabled = maximum === 0;
    slider.value = this.value;
  }

  choose(value, since) {
    this.value = value;
    this.map.parts.slider.value = value;
    this.map.draw(since);
  }

  release() {
    clearTimeout(this.settling);
    this.held = false;
    this.map.showFigures(); // the legend counts exactly now, and others on the page hear of it first
    if (this.value === this.told) {
      return;
    }
    this.sequence += 1;
    this.told = this.value;
    this.map.tell("release", { budget: this.value, sequence: this.sequence });
    this.map.parts.spoken.textContent = this.spoken;
  }

  /** Everything that follows the budget: cheap enough for every frame of a drag. */
  show() {
    const { value, maximum, map } = this;
    const { parts, table } = map;
    parts.slider.style.setProperty("--part", maximum === 0 ? 0 : value / maximum);
    const rows = [
      { label: "samples", text: count(value), hint: `of ${count(maximum)}` },
      { label: "share", text: share(value, maximum), hint: `of ${count(maximum)} samples` },
    ];
    const { budget, totals } = this.exact ?? map.data; // summed up to the last sample
    for (const [position, figure] of (table?.figures ?? []).entries()) {
      const known = value === budget && totals.length === table.figures.length;
      const { value: total, exact } = known ? { value: totals[position], exact: true } : valueAt(table.cuts, figure.values, value);
      const hint = exact ? figure.hint : `${figure.hint} Between two of ${table.cuts.length - 1} cuts, interpolated.`.trim();
      rows.push({ label: figure.label, text: amount(total, figure.decimals), hint });
    }
    parts.showFigures(rows);
    const said = rows.map((row) => (row.label === "share" ? row.text : `${row.text} ${row.label}`)).join(", ");
    parts.slider.setAttribute("aria-valuetext", said);
    this.spoken = `${said} kept of ${count(maximum)}.`;
    this.say();
  }

  /** Say on the page where the slider is, for whatever else follows it; nothing when that was said. */
  say() {
    const now = `${this.value} ${this.held}`;
    if (now !== this.said && this.maximum > 0) {
      this.said = now;
      window.dispatchEvent(new CustomEvent("winnow-budget", { detail: { budget: this.value, held: this.held } }));
    }
  }

  /** Take the exact sums of a budget as soon as somebody on the page has read them: a run of the page takes longer. */
  learn({ url, budget, totals }) {
    if (url === this.map.data?.outcome_url && budget === this.value && budget !== this.map.data.budget) {
      this.exact = { budget, totals };
      this.show();
    }
  }

  dispose() {
    clearTimeout(this.settling);
  }
}

/** Where a key takes the budget, or null: arrows 1 %, with Shift one sample; Page Up and Down 10 %; Home and End the ends. */
function steered(event, value, maximum) {
  const least = Math.min(1, maximum);
  const percent = event.shiftKey ? 1 : Math.max(1, Math.round(maximum / 100));
  const steps = {
    ArrowRight: percent,
    ArrowUp: percent,
    ArrowLeft: -percent,
    ArrowDown: -percent,
    PageUp: 10 * percent,
    PageDown: -10 * percent,
    Home: -maximum,
    End: maximum,
  };
  if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) {
    return null;
  }
  return Math.min(maximum, Math.max(least, value + steps[event.key]));
}
