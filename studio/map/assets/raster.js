/**
 * Points to per-pixel facts, once for each view; a budget change never comes back here.
 *
 * For every pixel the raster keeps the smallest rank among the points that cover it, the point that holds that rank, and how
 * many points of each of eight equal slices of the ordering cover it. "Is something kept here" is then exact for any budget,
 * and "which share of what lies here is kept" exact at eight cuts and interpolated between them: see compose.js.
 *
 * Filled by the processor, not by drawing points with depth = rank: measured on 2 cores at 960 x 640 and 1M points, typed
 * arrays take about 50 ms with the upload; two passes of gl.POINTS take 780-900 ms where WebGL runs in software.
 */

export const NEVER = 0xffffffff;
export const SLICES = 8;
export const MARKED = 128; // beside the class of a cell: its point lies in what the reader has drawn

/** Offsets of the pixels a point of `size` pixels covers: a square below 4, a disc from there on. */
function stamp(size) {
  const offsets = [];
  const radius = size / 2;
  const first = -Math.floor(size / 2);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const dx = x + 0.5 - radius;
      const dy = y + 0.5 - radius;
      if (size < 4 || dx * dx + dy * dy <= radius * radius) {
        offsets.push([first + x, first + y]);
      }
    }
  }
  return offsets;
}

export class Raster {
  constructor() {
    this.width = 0;
    this.height = 0;
  }

  /** Make room for a picture of width x height device pixels; a margin spares the inner loop its bounds checks. */
  resize(width, height, margin) {
    if (width === this.width && height === this.height && margin === this.margin) {
      return;
    }
    this.width = width;
    this.height = height;
    this.margin = margin;
    this.stride = width + 2 * margin;
    const cells = this.stride * (height + 2 * margin);
    this.rank = new Uint32Array(cells);
    this.top = new Int32Array(cells);
    this.low = new Uint8Array(cells * 4); // slices 0-3
    this.high = new Uint8Array(cells * 4); // slices 4-7
  }

  /**
   * Fill the raster. `places` is [2N] u16 (x, y in turn), `ranks` [N] u32, `view` maps a place to device pixels:
   * pixel = place * scale + (left, top). `visible` is null or [N] u8; a point with 0 is left out.
   */
  fill(places, ranks, view, size, maximum, visible) {
    const { width, height, margin, stride, rank, top, low, high } = this;
    rank.fill(NEVER);
    top.fill(-1);
    low.fill(0);
    high.fill(0);
    const offsets = stamp(size).map(([x, y]) => y * stride + x);
    const covers = offsets.length;
    // An even stamp is centred on a pixel corner, an odd one on a pixel's middle.
    const shift = size % 2 === 0 ? 0.5 : 0;
    const left = view.left + shift;
    const above = view.top + shift;
    const { scale } = view;
    const reach = size >> 1; // a point just outside still shows its edge
    const slicesPerRank = SLICES / Math.max(1, maximum);
    const count = ranks.length;
    for (let point = 0; point < count; point += 1) {
      if (visible !== null && visible[point] === 0) {
        continue;
      }
      const x = Math.floor(places[2 * point] * scale + left);
      const y = Math.floor(places[2 * point + 1] * scale + above);
      if (x < -reach || y < -reach || x > width + reach || y > height + reach) {
        continue;
      }
      const base = (y + margin) * stride + x + margin;
      const r = ranks[point];
      const slice = r >= maximum ? SLICES - 1 : (r * slicesPerRank) | 0;
      const counts = slice < 4 ? low : high;
      const lane = slice & 3;
      for (let k = 0; k < covers; k += 1) {
        const cell = base + offsets[k];
        if (r < rank[cell] || top[cell] < 0) {
          rank[cell] = r;
          top[cell] = point;
        }
        const at = cell * 4 + lane;
        if (counts[at] < 255) {
          counts[at] += 1;
        }
      }
    }
  }

  /** [cells] u8: the class of the point on top of each cell, and MARKED where that point is; `codes` and `marks` are null or [N] u8. */
  classes(codes, marks) {
    const { top } = this;
    const found = new Uint8Array(top.length);
    for (let cell = 0; cell < top.length; cell += 1) {
      const point = top[cell];
      if (point >= 0) {
        found[cell] = (codes === null ? 0 : codes[point]) | (marks !== null && marks[point] === 1 ? MARKED : 0);
      }
    }
    return found;
  }

  /** How many points cover a cell; saturates with its slices. */
  countAt(cell) {
    const at = cell * 4;
    const { low, high } = this;
    return (
      low[at] + low[at + 1] + low[at + 2] + low[at + 3] + high[at] + high[at + 1] + high[at + 2] + high[at + 3]
    );
  }

  /** The count that 95 % of the covered pixels stay below: opacity is tuned to it, so that no view is all haze or all ink. */
  crowding() {
    const histogram = new Uint32Array(SLICES * 255 + 1);
    const { width, height, margin, stride, top } = this;
    const step = Math.max(1, Math.floor((width * height) / 60000)); // a sample of the pixels is enough
    let covered = 0;
    let walked = 0;
    for (let y = margin; y < margin + height; y += 1) {
      for (let x = margin; x < margin + width; x += 1) {
        walked += 1;
        const cell = y * stride + x;
        if (walked % step === 0 && top[cell] >= 0) {
          histogram[this.countAt(cell)] += 1;
          covered += 1;
        }
      }
    }
    let below = 0;
    for (let count = 0; count < histogram.length; count += 1) {
      below += histogram[count];
      if (below >= 0.95 * covered) {
        return Math.max(1, count);
      }
    }
    return 1;
  }

  /** The point nearest to a device pixel within `radius` pixels, -1 where there is none; where points overlap, the best ranked. */
  nearest(x, y, radius) {
    const { width, height, margin, stride, top } = this;
    let best = -1;
    let bestDistance = radius * radius + 1;
    for (let py = Math.max(0, Math.floor(y - radius)); py <= Math.min(height - 1, y + radius); py += 1) {
      for (let px = Math.max(0, Math.floor(x - radius)); px <= Math.min(width - 1, x + radius); px += 1) {
        const point = top[(py + margin) * stride + px + margin];
        const distance = (px + 0.5 - x) ** 2 + (py + 0.5 - y) ** 2;
        if (point >= 0 && distance < bestDistance) {
          best = point;
          bestDistance = distance;
        }
      }
    }
    return best;
  }
}
