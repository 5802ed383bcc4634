/**
 * What lies under the pointer: the nearest point within reach, its picture and question fetched when first asked for.
 */

import { count } from "./figures.js";
import { loadJson, LoadError } from "./load.js";
import { NEVER } from "./raster.js";

const REACH_PX = 8;
const REMEMBERED = 400;

export class Hover {
  constructor(map) {
    this.map = map;
    this.known = new Map(); // row to a promise of what the server says about it
    this.row = -1;
  }

  forget() {
    this.known.clear();
    this.leave();
  }

  nearest(place) {
    const { map } = this;
    if (map.places === undefined || map.stale) {
      return -1;
    }
    const density = map.density;
    return map.raster.nearest(place.x * density, place.y * density, REACH_PX * density);
  }

  about(row) {
    let answer = this.known.get(row);
    if (answer === undefined) {
      answer = loadJson(`${this.map.data.sample_url}/${row}.json`);
      answer.catch(() => this.known.delete(row)); // a failure is asked again
      this.known.set(row, answer);
      if (this.known.size > REMEMBERED) {
        this.known.delete(this.known.keys().next().value);
      }
    }
    return answer;
  }

  async over(place) {
    const row = this.nearest(place);
    this.map.parts.canvas.style.cursor = row < 0 ? "" : "pointer";
    if (row === this.row) {
      return;
    }
    if (row < 0) {
      this.leave();
      return;
    }
    this.row = row;
    this.mark(row);
    try {
      const sample = await this.about(row);
      if (this.row === row) {
        this.show(row, sample);
      }
    } catch (error) {
      if (!(error instanceof LoadError)) {
        throw error;
      }
      if (this.row === row) {
        this.show(row, { question: error.problem, source: error.fix, thumb: null });
      }
    }
  }

  leave() {
    this.row = -1;
    this.map.parts.ring.hidden = true;
    this.map.parts.tip.hidden = true;
  }

  async click(place) {
    const row = this.nearest(place);
    if (row >= 0) {
      this.map.open((await this.about(row)).sample_id);
    }
  }

  /** Where a row lies on the stage, in CSS pixels. */
  spot(row) {
    const { scale, left, top } = this.map.placement();
    const { places, density } = this.map;
    return { x: (places[2 * row] * scale + left) / density, y: (places[2 * row + 1] * scale + top) / density };
  }

  mark(row) {
    const { ring } = this.map.parts;
    const { x, y } = this.spot(row);
    ring.style.transform = `translate(${x}px, ${y}px)`;
    ring.hidden = false;
  }

  show(row, sample) {
    const { tip, stage } = this.map.parts;
    const rank = this.map.ranks[row];
    const standing = rank === NEVER ? "not in the ordering" : `rank ${count(rank + 1)}`;
    const kept = rank < this.map.budget ? "kept" : "not kept";
    const words = document.createElement("div");
    words.className = "tip-words";
    const question = document.createElement("p");
    question.className = "question";
    question.textContent = sample.question;
    const source = document.createElement("p");
    source.className = "source";
    const { chosen, codes } = this.map.legend;
    const place = this.map.data.slider ? `${kept}, ${standing}` : (chosen.classes[codes?.[row]]?.name ?? kept);
    source.textContent = sample.sample_id === undefined ? sample.source : `${sample.source} · ${place}`;
    words.append(question, source);
    tip.replaceChildren(words);
    if (sample.thumb) {
      const image = document.createElement("img");
      image.alt = "";
      image.src = sample.thumb;
      tip.prepend(image);
    }
    tip.hidden = false;
    // Beside the point, on the side with room.
    const { x, y } = this.spot(row);
    const gap = 12;
    const right = x + gap + tip.offsetWidth < stage.clientWidth;
    const left = right ? x + gap : Math.max(4, x - gap - tip.offsetWidth);
    const top = Math.min(Math.max(4, y - tip.offsetHeight / 2), stage.clientHeight - tip.offsetHeight - 4);
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}
