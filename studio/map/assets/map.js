/**
 * The budget map: a cloud of samples, the budget slider directly under it, and the counts beside the slider.
 *
 * Dragging stays in this file: it changes one number, redraws one full-screen pass (compose.js) and reads the counts from a
 * table. Only the release of the slider and a click on a point tell the page. Streamlit calls the default export again after
 * every rerun with the same parent, so one BudgetMap lives per parent and is updated.
 */

import { Budget } from "./budget.js";
import { PlainPicture, ShaderPicture } from "./compose.js";
import { colour, count, countsBelow } from "./figures.js";
import { boxOf, fitted, occupied } from "./fit.js";
import { followPointer } from "./gestures.js";
import { Few } from "./few.js";
import { Hover } from "./hover.js";
import { build, write } from "./layout.js";
import { Legend } from "./legend.js";
import { LoadError, loadBytes, loadJson } from "./load.js";
import { savePicture } from "./png.js";
import { Raster, SLICES } from "./raster.js";
import { Selection } from "./select.js";

const POINTS = "application/vnd.winnow.points";
const RANKS = "application/vnd.winnow.ranks";
const CLASSES = "application/vnd.winnow.classes";
const POINT_PX = 2; // at the fitted view; grows slowly when zooming in
const LARGEST_POINT_PX = 8;
const LEAST_HEIGHT_PX = 300;

const living = new WeakMap();

export default function budgetMap({ data, parentElement, setTriggerValue, setStateValue }) {
  let map = living.get(parentElement);
  if (map === undefined) {
    map = new BudgetMap(parentElement);
    living.set(parentElement, map);
  }
  map.tell = setTriggerValue;
  map.remember = setStateValue;
  map.update(data);
  return () => {
    map.dispose();
    living.delete(parentElement);
  };
}

class BudgetMap {
  constructor(parent) {
    this.parts = build(parent);
    this.root = this.parts.root;
    this.raster = new Raster();
    this.view = { zoom: 1, x: 32767.5, y: 32767.5 };
    this.loaded = {}; // name of a buffer to the URL it came from
    this.codes = new Map(); // URL to [N] u8
    this.colours = null; // null until the stylesheet is in force
    this.atFit = true; // false once the reader has zoomed or moved
    this.frames = null; // while measuring: [{from, to}] in milliseconds, see inspect()
    this.listen();
  }

  // ---- what the page says -------------------------------------------------------------------------------------------

  update(data) {
    if (this.data === undefined && data.drawn) {
      this.remember("lasso", null); // the page still holds what was drawn on a picture that is gone
    }
    this.data = data;
    this.parts.controls.hidden = !data.slider;
    this.slider.follow(data);
    this.takeColours();
    this.layout();
    this.load();
    this.showWords();
    // After a release nothing but the budget has changed: the raster stays.
    if (data.maximum === this.maximum) {
      this.draw();
    } else {
      this.maximum = data.maximum;
      this.redraw();
    }
  }

  async load() {
    const { data, loaded } = this;
    const wanted = { points: data.points_url, ranks: data.ranks_url, table: data.table_url, legend: data.legend_url };
    const changed = Object.keys(wanted).filter((name) => wanted[name] !== (loaded[name] ?? null));
    const coloured = (url) => url === null || (this.codes.has(url) && !changed.includes("points"));
    if (changed.length === 0 && coloured(this.legend.chosen.url)) {
      return;
    }
    this.fetching?.abort();
    const fetching = new AbortController();
    this.fetching = fetching;
    const { signal } = fetching;
    if (this.places === undefined) {
      this.cover("loading", `Loading ${count(data.num_points)} points`);
    }
    const get = (name, loader) => (changed.includes(name) && wanted[name] !== null ? loader(wanted[name]) : null);
    try {
      const n = data.num_points;
      const legend = get("legend", (url) => loadJson(url, signal));
      // The classes are asked for as soon as the legend says which, beside the points and not after them.
      const classes = Promise.resolve(legend).then((colourings) => {
        if (colourings !== null && !signal.aborted) {
          this.legend.offer(colourings, data.colour_by);
        }
        const { url } = this.legend.chosen;
        return coloured(url) ? null : loadBytes(url, CLASSES, n, signal).then((bytes) => ({ url, codes: new Uint8Array(bytes) }));
      });
      const [points, ranks, table, added] = await Promise.all([
        get("points", (url) => loadBytes(url, POINTS, 4 * n, signal)),
        get("ranks", (url) => loadBytes(url, RANKS, 4 * n, signal)),
        get("table", (url) => loadJson(url, signal)),
        classes,
      ]);
      if (signal.aborted) {
        return;
      }
      if (points !== null) {
        this.places = new Uint16Array(points);
        this.box = boxOf(this.places);
        this.cells = occupied(this.places, this.box);
        this.codes = new Map();
        this.hover.forget();
        if (this.selection.corners !== null) {
          this.selection.forget(); // what was drawn was drawn over other points
          this.remember("lasso", null);
        }
        this.fit();
      }
      if (ranks !== null) {
        this.ranks = new Uint32Array(ranks);
        this.few.take(this.ranks);
        this.selection.followRanks();
      }
      if (ranks !== null || this.below === undefined || this.below.length !== data.maximum + 1) {
        this.below = countsBelow(this.ranks, data.maximum);
      }
      this.table = wanted.table === null ? null : (table ?? this.table);
      if (added !== null) {
        this.codes.set(added.url, added.codes);
      }
      Object.assign(loaded, wanted);
      this.takeColours();
      this.legend.show();
      this.followLegend(); // its counts are filled only now
      this.cover(null);
      this.showFigures();
      this.redraw();
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      if (!(error instanceof LoadError)) {
        throw error;
      }
      this.loaded = {};
      this.cover("error", error.problem, error.fix);
    }
  }

  get budget() {
    return this.slider.value;
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  /** A new view, new points or new classes: fill the raster again. */
  redraw() {
    this.stale = true;
    this.draw();
  }

  /** Draw at the next frame; `since` is the time of the event that asks for it. */
  draw(since = null) {
    this.since ??= since;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawNow();
    });
  }

  drawNow() {
    const { canvas } = this.parts;
    if (this.places === undefined || this.ranks === undefined || canvas.width === 0 || this.lost) {
      return;
    }
    if (this.colours === null) {
      // The stylesheet may come after the points, as it does when the reader returns to the page: colours read before it are
      // all black and sizes those of bare elements. Nothing is drawn, nor said to be ready, until it is in force.
      this.takeColours();
      if (this.colours === null) {
        this.draw();
        return;
      }
      this.layout();
    }
    if (this.unfitted) {
      this.fitNow();
    }
    if (this.picture === undefined) {
      this.picture = ShaderPicture.on(canvas) ?? new PlainPicture(canvas);
      this.parts.note.hidden = this.picture.name === "webgl2";
    }
    if (this.stale) {
      this.fillRaster();
      this.stale = false;
    }
    const { maximum } = this.data;
    const slices = (SLICES * this.budget) / Math.max(1, maximum);
    this.picture.draw(this.budget, slices, this.colours);
    this.showFigures();
    this.few.show();
    this.selection.show();
    if (this.frames !== null) {
      this.picture.finish();
      if (this.since !== null) {
        this.frames.push({ from: this.since, to: performance.now() });
        performance.measure("winnow-budget-frame", { start: this.since, end: performance.now() });
      }
    }
    this.since = null;
    this.root.dataset.state = "ready";
  }

  fillRaster() {
    const { canvas } = this.parts;
    const started = performance.now();
    const size = this.pointSize();
    this.raster.resize(canvas.width, canvas.height, LARGEST_POINT_PX * Math.ceil(this.density));
    this.raster.fill(this.places, this.ranks, this.placement(), size, this.data.maximum, this.legend.visible());
    this.picture.load(this.raster, ...this.facts(this.raster));
    this.rasterMs = performance.now() - started;
    this.parts.ring.hidden = true;
  }

  /** What a picture is told beside the raster: the class of each pixel, how crowded it is, and what the classes say. */
  facts(raster) {
    const { codes } = this.legend;
    const { marks } = this.selection;
    const classes = codes === null && marks === null ? null : raster.classes(codes, marks);
    return [classes, raster.crowding(), { coloured: codes !== null, marked: marks !== null }];
  }

  pointSize() {
    // Few points are drawn larger, so that a small pool is not a picture of dust: 500 points get about twice the size.
    const sparse = Math.max(1, (5000 / Math.max(1, this.data.num_points)) ** 0.3);
    const css = Math.min(LARGEST_POINT_PX, POINT_PX * sparse * this.view.zoom ** 0.4);
    return Math.max(1, Math.round(css * this.density));
  }

  /** Device pixels from places: pixel = place * scale + (left, top). */
  placement() {
    const { canvas } = this.parts;
    const scale = this.fitted * this.view.zoom;
    return { scale, left: canvas.width / 2 - this.view.x * scale, top: canvas.height / 2 - this.view.y * scale };
  }

  fit() {
    // At the next frame: how large the legend is shows only once it is styled and filled.
    this.unfitted = true;
    this.redraw();
  }

  /** The legend may have another size: where all is shown, the cloud makes way for it; a view of the reader's own stays. */
  followLegend() {
    if (this.box !== undefined && this.atFit) {
      this.fit();
    }
  }

  fitNow() {
    this.showFigures();
    const { scale, x, y } = this.measureFit();
    this.fitted = scale;
    this.view = { zoom: 1, x, y };
    this.unfitted = false;
    this.atFit = true;
    this.stale = true;
  }

  measureFit() {
    const { canvas, legend, tools, foot } = this.parts;
    return fitted(this.box, this.cells, canvas, { legend, tools, foot }, this.density);
  }

  /** Zoom by `factor` about a place on the stage in CSS pixels (the middle without one). */
  zoom(factor, x = this.parts.stage.clientWidth / 2, y = this.parts.stage.clientHeight / 2) {
    if (this.places === undefined || this.unfitted) {
      return;
    }
    this.atFit = false;
    const { scale, left, top } = this.placement();
    const placeX = (x * this.density - left) / scale;
    const placeY = (y * this.density - top) / scale;
    const zoom = Math.min(400, Math.max(0.5, this.view.zoom * factor));
    const kept = this.view.zoom / zoom;
    this.view = { zoom, x: placeX + (this.view.x - placeX) * kept, y: placeY + (this.view.y - placeY) * kept };
    this.redraw();
  }

  /** Move the picture by CSS pixels. */
  pan(x, y) {
    if (this.places === undefined || this.unfitted) {
      return;
    }
    this.atFit = false;
    const scale = (this.fitted * this.view.zoom) / this.density;
    this.view.x -= x / scale;
    this.view.y -= y / scale;
    this.redraw();
  }

  takeColours() {
    const ground = colour(getComputedStyle(this.root).getPropertyValue("--st-background-color").trim() || "#fff");
    const luminance = 0.2126 * ground[0] + 0.7152 * ground[1] + 0.0722 * ground[2];
    this.root.dataset.theme = luminance < 0.4 ? "dark" : "light";
    const style = getComputedStyle(this.root);
    if (style.getPropertyValue("--ground").trim() === "") {
      this.colours = null;
      return;
    }
    const named = (name) => colour(style.getPropertyValue(name).trim());
    const palette = this.legend.palette();
    this.colours = { background: named("--ground"), pool: named("--pool"), accent: named("--kept"), palette };
  }

  layout() {
    const { stage, canvas, root } = this.parts;
    this.density = Math.max(1, window.devicePixelRatio || 1);
    if (this.data.height_px !== null) {
      stage.style.height = `${this.data.height_px}px`;
    } else {
      // As tall as the window allows without scrolling; measured from the page's top, wherever it is scrolled to.
      const scroller = root.getRootNode().host?.closest('[data-testid="stMain"]');
      const above = root.getBoundingClientRect().top + (scroller?.scrollTop ?? 0);
      const below = this.parts.controls.offsetHeight + 28;
      stage.style.height = `${Math.max(LEAST_HEIGHT_PX, Math.floor(window.innerHeight - above - below))}px`;
    }
    const width = Math.round(stage.clientWidth * this.density);
    const height = Math.round(stage.clientHeight * this.density);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      if (this.box !== undefined) {
        if (this.atFit) {
          this.fit();
        } else {
          this.fitted = this.measureFit().scale;
        }
      }
      this.redraw();
    }
  }

  // ---- words and numbers --------------------------------------------------------------------------------------------

  cover(state, text = "", fix = "") {
    const { cover, coverText, coverFix, again } = this.parts;
    cover.hidden = state === null;
    cover.dataset.state = state ?? "";
    write(coverText, text);
    write(coverFix, fix);
    again.hidden = state !== "error";
    if (state !== null) {
      this.root.dataset.state = state;
    }
  }

  showWords() {
    const { data, parts } = this;
    write(parts.caption, data.caption);
    this.legend.show();
    this.showFigures();
  }

  /** Everything that follows the budget. */
  showFigures() {
    const highlighted = this.below === undefined ? 0 : this.below[Math.min(this.budget, this.below.length - 1)];
    this.root.dataset.budget = this.budget;
    this.root.dataset.kept = highlighted;
    this.slider.show();
    this.showBadge();
    this.legend.showCounts(highlighted);
  }

  /** A picture that is exact for one budget only is approximate from the first move until the page has computed the next. */
  showBadge() {
    const { data, parts } = this;
    const why = data.approximate || (this.budget === data.budget ? "" : data.until_done);
    parts.badge.hidden = !why;
    parts.badge.title = why;
  }

  // ---- what the reader does -----------------------------------------------------------------------------------------

  listen() {
    const { canvas, stage, again, fit, closer, farther, png } = this.parts;
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    const on = (target, kind, handle, options = {}) => target.addEventListener(kind, handle, { signal, ...options });

    this.slider = new Budget(this, on);
    this.legend = new Legend(this, on);
    this.hover = new Hover(this);
    this.few = new Few(this);
    this.selection = new Selection(this, on);
    this.selection.showTools();
    followPointer(this, on);
    on(fit, "click", () => this.box && this.fit());
    on(closer, "click", () => this.zoom(1.6));
    on(farther, "click", () => this.zoom(1 / 1.6));
    on(png, "click", () => this.root.dataset.state === "ready" && savePicture(this));
    on(again, "click", () => {
      // The rerun publishes what the server no longer holds; fetch after it had the time to.
      this.tell("reload", Date.now());
      this.cover("loading", "Loading again");
      setTimeout(() => this.load(), 500);
    });
    on(canvas, "webglcontextlost", (event) => {
      event.preventDefault();
      this.lost = true;
    });
    on(canvas, "webglcontextrestored", () => {
      this.lost = false;
      this.picture.prepare();
      this.redraw();
    });
    this.watching = new ResizeObserver(() => this.data && this.layout());
    this.watching.observe(stage);
    on(window, "resize", () => this.data && this.layout());
    this.root.inspect = () => this.inspect();
  }

  open(sampleId) {
    this.tell("open", sampleId);
  }

  /** For tests and measurements: what is drawn, and its pixels. */
  inspect() {
    const map = this;
    return {
      get state() {
        const { raster, view, budget, rasterMs, picture } = map;
        const kept = Number(map.root.dataset.kept);
        const { width, height } = raster;
        const selected = map.selection.marks?.reduce((sum, one) => sum + one, 0) ?? null;
        return { budget, kept, width, height, view, rasterMs, renderer: picture?.name, placement: map.placement(), size: map.pointSize(), selected };
      },
      pixels() {
        map.drawNow();
        return map.picture.pixels(map.raster.width, map.raster.height);
      },
      measure() {
        map.frames = [];
        return map.frames;
      },
    };
  }

  dispose() {
    cancelAnimationFrame(this.frame);
    this.slider.dispose();
    this.leaving.abort();
    this.fetching?.abort();
    this.watching.disconnect();
    this.picture?.gl?.getExtension("WEBGL_lose_context")?.loseContext(); // a browser allows few contexts at once
    this.root.remove();
  }
}
