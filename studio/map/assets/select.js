/**
 * Choosing points by drawing: a box, a lasso, or all that is in view. The page is told the corners, never the points.
 *
 * What is chosen keeps its colours and the rest is paled; the outline stays with the points when the view moves.
 */

import { count } from "./figures.js";
import { inside } from "./inside.js";

const STEP_PX = 3; // a corner of a lasso for every few pixels
const MOST_CORNERS = 200; // 4 kB at most
const LEAST_PX = 5; // what is drawn smaller than that is a click
const FINENESS = 16; // corners are rounded to a sixteenth of a place, so that few digits travel

export class Selection {
  constructor(map, on) {
    this.map = map;
    this.mode = "move";
    this.drawing = null; // {mode, path} while the pointer is down, in CSS pixels of the stage
    this.corners = null; // [x, y, x, y, ...] in places
    this.marks = null; // [N] u8, 1 inside
    this.ranks = null; // of the points inside, ascending
    const { modes, unpick } = map.parts;
    for (const [mode, button] of Object.entries(modes)) {
      on(button, "click", () => this.choose(mode));
    }
    on(unpick, "click", () => {
      this.clear();
      map.parts.canvas.focus();
    });
  }

  /** What dragging does from now on: move, box or lasso. */
  choose(mode) {
    this.mode = mode;
    this.showTools();
  }

  showTools() {
    const { modes, canvas } = this.map.parts;
    for (const [mode, button] of Object.entries(modes)) {
      button.setAttribute("aria-pressed", String(mode === this.mode));
    }
    canvas.dataset.mode = this.mode;
  }

  begin(place, mode = this.mode) {
    this.drawing = { mode, path: [place] };
    this.map.hover.leave();
  }

  extend(place) {
    const { path, mode } = this.drawing;
    const last = path[path.length - 1];
    if (mode === "box") {
      this.drawing.path = [path[0], place];
    } else if (Math.hypot(place.x - last.x, place.y - last.y) >= STEP_PX) {
      path.push(place);
      if (path.length > 4 * MOST_CORNERS) {
        this.drawing.path = path.filter((_, at) => at % 2 === 0);
      }
    }
    this.show();
  }

  /** Take what was drawn; gives false where it was no more than a click. */
  finish() {
    const outline = this.outline();
    this.drawing = null;
    const across = outline.map(({ x }) => x);
    const down = outline.map(({ y }) => y);
    const size = (values) => Math.max(...values) - Math.min(...values);
    if (outline.length < 3 || Math.max(size(across), size(down)) < LEAST_PX) {
      this.show();
      return false;
    }
    this.take(outline);
    return true;
  }

  /** Everything in view, for those who do not use a pointer. */
  takeView() {
    const { clientWidth: right, clientHeight: bottom } = this.map.parts.stage;
    this.take([{ x: 0, y: 0 }, { x: right, y: 0 }, { x: right, y: bottom }, { x: 0, y: bottom }]);
  }

  /** Give up what is being drawn, or else what is chosen, or else the tool; gives false where there was nothing to give up. */
  leave() {
    if (this.drawing !== null) {
      this.drawing = null;
      this.show();
    } else if (this.corners !== null) {
      this.clear();
    } else if (this.mode !== "move") {
      this.choose("move");
    } else {
      return false;
    }
    return true;
  }

  /** The corners of what is being drawn, in CSS pixels. */
  outline() {
    const { mode, path } = this.drawing;
    if (mode === "box") {
      const [from, to = from] = path;
      return [from, { x: to.x, y: from.y }, to, { x: from.x, y: to.y }];
    }
    const step = Math.ceil(path.length / MOST_CORNERS);
    return path.filter((_, at) => at % step === 0);
  }

  take(outline) {
    const { map } = this;
    if (map.places === undefined || map.unfitted) {
      return;
    }
    const { scale, left, top } = map.placement();
    const place = (px, from) => Math.round(((px * map.density - from) / scale) * FINENESS) / FINENESS;
    this.corners = outline.flatMap(({ x, y }) => [place(x, left), place(y, top)]);
    this.marks = inside(map.places, this.corners, map.legend.visible());
    this.followRanks();
    map.redraw();
    this.show();
    map.remember("lasso", {
      points_url: map.loaded.points,
      corners: this.corners,
      hidden: [...map.legend.hidden],
      classes_url: map.legend.hidden.size === 0 ? null : map.legend.chosen.url,
    });
  }

  clear() {
    if (this.corners === null) {
      return;
    }
    this.forget();
    this.map.redraw();
    this.map.remember("lasso", null);
  }

  forget() {
    this.drawing = null;
    this.corners = null;
    this.marks = null;
    this.ranks = null;
    this.show();
  }

  /** The points inside have other ranks now. */
  followRanks() {
    const { marks, map } = this;
    if (marks === null) {
      return;
    }
    let num = 0;
    for (let point = 0; point < marks.length; point += 1) {
      num += marks[point];
    }
    this.ranks = new Uint32Array(num);
    for (let point = 0, at = 0; point < marks.length; point += 1) {
      if (marks[point] === 1) {
        this.ranks[at] = map.ranks[point];
        at += 1;
      }
    }
    this.ranks.sort();
  }

  /** How many of the points inside the budget keeps. */
  keptInside() {
    let low = 0;
    let high = this.ranks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ranks[middle] < this.map.budget) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The outline where it lies in this view, and how many points it holds. */
  show() {
    const { map, corners, drawing } = this;
    const { drawn, outline, picked, pickedText } = map.parts;
    picked.hidden = corners === null;
    const nothing = corners === null && drawing === null;
    drawn.toggleAttribute("hidden", nothing);
    if (nothing) {
      return;
    }
    let path;
    if (drawing !== null) {
      path = this.outline().map(({ x, y }) => `${x},${y}`);
    } else {
      const { scale, left, top } = map.placement();
      path = [];
      for (let at = 0; at < corners.length; at += 2) {
        path.push(`${(corners[at] * scale + left) / map.density},${(corners[at + 1] * scale + top) / map.density}`);
      }
    }
    outline.setAttribute("points", path.join(" "));
    if (corners !== null) {
      const num = this.ranks.length;
      picked.dataset.num = num;
      const kept = map.data.slider ? `, ${count(this.keptInside())} kept` : "";
      const said = num === 0 ? "No samples inside. Draw around some points." : `${count(num)} selected${kept}`;
      if (pickedText.textContent !== said) {
        pickedText.textContent = said;
      }
    }
  }
}
