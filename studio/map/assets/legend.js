/**
 * Which colours the picture has: the choice of a colouring, its legend with live counts, and classes hidden by a click.
 */

import { colour, count } from "./figures.js";
import { swatch } from "./layout.js";

const MOST_CLASSES = 16; // room in the shader's palette

export class Legend {
  constructor(map, on) {
    this.map = map;
    this.hidden = new Set(); // positions in the list of classes
    this.entries = [];
    on(map.parts.colourBy, "change", () => {
      this.key = map.parts.colourBy.value;
      this.hidden.clear();
      map.takeColours();
      map.load();
      this.show();
      map.followLegend();
      map.redraw();
    });
  }

  /** Take the colourings a page offers; the reader's choice stays as long as it is among them. */
  offer(colourings, first) {
    this.colourings = colourings;
    if (!colourings.some((one) => one.key === this.key)) {
      this.key = first;
      this.hidden.clear();
    }
    const { colourBy, colourLabel } = this.map.parts;
    const options = colourings.map((one) => `${one.key}\n${one.label}`).join("\n");
    if (colourBy.dataset.options !== options) {
      colourBy.dataset.options = options;
      colourBy.replaceChildren(...colourings.map((one) => new Option(one.label, one.key)));
    }
    colourBy.value = this.key;
    colourLabel.hidden = colourings.length < 2;
  }

  get chosen() {
    return this.colourings.find((one) => one.key === this.key) ?? this.colourings[0];
  }

  /** [N] u8 or null: the class of each point, null while the picture is coloured by kept and pool alone. */
  get codes() {
    const { url } = this.chosen;
    return url === null ? null : (this.map.codes.get(url) ?? null);
  }

  /** [N] u8 or null: 0 for the points of hidden classes. */
  visible() {
    const { codes } = this;
    return codes === null || this.hidden.size === 0 ? null : codes.map((code) => (this.hidden.has(code) ? 0 : 1));
  }

  palette() {
    const colours = new Float32Array(3 * MOST_CLASSES);
    this.chosen.classes.slice(0, MOST_CLASSES).forEach((one, position) => colours.set(colour(one.colour), 3 * position));
    return colours;
  }

  show() {
    const { chosen } = this;
    if (chosen.url === null) {
      this.entries = [swatch("kept", "var(--kept)"), swatch("pool", "var(--pool)")];
    } else {
      this.entries = chosen.classes.map((one, position) => {
        const entry = swatch(one.name, one.colour, () => this.turn(position));
        entry.row.setAttribute("aria-pressed", String(!this.hidden.has(position)));
        return entry;
      });
    }
    this.map.parts.legend.replaceChildren(...this.entries.map((entry) => entry.row));
  }

  turn(position) {
    if (!this.hidden.delete(position)) {
      this.hidden.add(position);
    }
    this.entries[position].row.setAttribute("aria-pressed", String(!this.hidden.has(position)));
    this.map.redraw();
  }

  /** Counts for the budget in force; one pass over the points where classes are counted (2 ms for a million). */
  showCounts(highlighted) {
    const { ranks, budget } = this.map;
    if (ranks === undefined || this.entries.length === 0) {
      return;
    }
    const { codes } = this;
    if (this.chosen.url === null) {
      this.entries[0].number.textContent = count(highlighted);
      this.entries[1].number.textContent = count(ranks.length);
    } else if (codes !== null) {
      const kept = new Uint32Array(256);
      const all = new Uint32Array(256);
      for (let point = 0; point < codes.length; point += 1) {
        all[codes[point]] += 1;
        if (ranks[point] < budget) {
          kept[codes[point]] += 1;
        }
      }
      this.entries.forEach((entry, position) => {
        entry.number.textContent = `${count(kept[position])} of ${count(all[position])}`;
      });
    }
  }
}
