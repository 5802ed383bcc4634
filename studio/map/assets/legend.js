/**
 * Which colours the picture has: the choice of a colouring, its legend with live counts, and classes hidden by a click.
 */

import { colour, count, share, valueAt } from "./figures.js";
import { swatch, write } from "./layout.js";

const MOST_CLASSES = 16; // room in the shader's palette
const FOLDED = 9; // where all smaller classes stand together: a sum, which would dwarf the bars of the others

export class Legend {
  constructor(map, on) {
    this.map = map;
    this.colourings = [{ key: "kept", label: "kept and pool", url: null, classes: [] }]; // until the page's own are there
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
      colourBy.replaceChildren(...grouped(colourings));
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
    this.shown = null;
    const built = JSON.stringify([chosen, this.map.data.slider, [...this.hidden]]);
    if (built === this.built) {
      return; // as it stands: an entry that has the focus keeps it
    }
    this.built = built;
    this.map.parts.legend.classList.toggle("plain", chosen.url === null || !this.map.data.slider);
    if (chosen.url === null) {
      this.entries = [swatch("kept", "var(--kept)"), swatch("not kept", "var(--pool)")];
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
    this.show();
    this.map.parts.legend.children[position].focus();
    this.map.redraw();
  }

  /**
   * Counts and bars for the budget in force. While the slider is held they come from the table of cuts, whose cost does not
   * grow with the pool; at rest, and where the table says nothing of a colouring, the points are counted.
   */
  showCounts(highlighted) {
    const { ranks, budget, slider } = this.map;
    if (ranks === undefined || this.entries.length === 0) {
      return;
    }
    const { codes, chosen } = this;
    if (chosen.url === null) {
      write(this.entries[0].number, count(highlighted));
      write(this.entries[1].number, count(ranks.length - highlighted));
      return;
    }
    if (codes === null) {
      return;
    }
    const table = slider.held ? this.map.table?.classes?.[chosen.key] : undefined;
    const now = `${chosen.key} ${budget} ${table === undefined}`;
    if (now === this.shown) {
      return;
    }
    this.shown = now;
    const all = this.countAll(codes);
    const kept = table?.map((values) => Math.round(valueAt(this.map.table.cuts, values, budget).value)) ?? this.countKept(codes);
    this.write(kept, all);
  }

  /** How many points each class has; counted once for each colouring. */
  countAll(codes) {
    if (this.counted?.codes !== codes) {
      const all = new Uint32Array(256);
      for (let point = 0; point < codes.length; point += 1) {
        all[codes[point]] += 1;
      }
      this.counted = { codes, all };
    }
    return this.counted.all;
  }

  /** How many points of each class the budget keeps: one pass over the points, 2 ms for a million. */
  countKept(codes) {
    const { ranks, budget } = this.map;
    const kept = new Uint32Array(256);
    for (let point = 0; point < codes.length; point += 1) {
      if (ranks[point] < budget) {
        kept[codes[point]] += 1;
      }
    }
    return kept;
  }

  write(kept, all) {
    const positions = this.entries.map((_, position) => position);
    const totalKept = Math.max(1, positions.reduce((sum, position) => sum + kept[position], 0));
    const total = Math.max(1, this.counted.codes.length);
    const part = (position) => Math.max(kept[position] / totalKept, all[position] / total);
    const most = Math.max(1e-9, ...positions.filter((position) => position < FOLDED).map(part));
    for (const position of positions) {
      const { number, row, bar, ghost, shown, name } = this.entries[position];
      bar.style.visibility = position < FOLDED ? "" : "hidden";
      const whole = count(all[position]);
      if (!this.map.data.slider) {
        write(number, whole);
        row.title = `Show or hide ${name}`;
        continue;
      }
      if (number.children.length === 0) {
        number.append(document.createElement("b"), document.createElement("i"));
        number.style.setProperty("--digits", whole.length); // wide enough for all, so that nothing moves while dragging
        number.lastChild.textContent = ` of ${whole}`;
      }
      write(number.firstChild, count(kept[position]));
      shown.style.width = `${(100 * kept[position]) / totalKept / most}%`;
      ghost.style.width = `${(100 * all[position]) / total / most}%`;
      row.title = `${name}: ${share(kept[position], totalKept)} of what is kept, ${share(all[position], total)} of the pool; click to show or hide`;
    }
  }
}

/** The options of a select, those of one group together. */
function grouped(colourings) {
  const groups = new Map();
  const made = [];
  for (const one of colourings) {
    const option = new Option(one.label, one.key);
    if (one.group === "") {
      made.push(option);
      continue;
    }
    if (!groups.has(one.group)) {
      const group = document.createElement("optgroup");
      group.label = one.group;
      groups.set(one.group, group);
      made.push(group);
    }
    groups.get(one.group).append(option);
  }
  return made;
}
