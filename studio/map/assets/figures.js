/**
 * Numbers: how they are written everywhere in the studio, and running totals read from a table of cuts while dragging.
 */

const SPACE = "\u202f"; // narrow, does not break

/** 12060 -> "12,060": samples are counted to the last one. */
export function count(value) {
  return value.toLocaleString("en");
}

/** 5213000 -> "5.21 M": what is summed up is said in millions from there on. */
export function amount(value, decimals = 0) {
  if (value >= 1e9) {
    return `${(value / 1e9).toFixed(2)}${SPACE}G`;
  }
  if (value >= 1e6) {
    return `${(value / 1e6).toFixed(2)}${SPACE}M`;
  }
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function share(part, whole) {
  return whole === 0 ? `0.0${SPACE}%` : `${((100 * part) / whole).toFixed(1)}${SPACE}%`;
}

/** The value of a figure at `cut`, and whether it was interpolated. `table` is null or {cuts, figures}. */
export function valueAt(cuts, values, cut) {
  let low = 0;
  let high = cuts.length - 1;
  if (high < 0 || cut >= cuts[high]) {
    return { value: values[high] ?? 0, exact: high < 0 || cut === cuts[high] };
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cuts[middle] <= cut) {
      low = middle;
    } else {
      high = middle;
    }
  }
  if (cuts[low] === cut) {
    return { value: values[low], exact: true };
  }
  const part = (cut - cuts[low]) / (cuts[high] - cuts[low]);
  return { value: values[low] + part * (values[high] - values[low]), exact: false };
}

/** [maximum + 1] u32: how many of the points have a rank below each cut; points that are never kept are not counted. */
export function countsBelow(ranks, maximum) {
  const below = new Uint32Array(maximum + 1);
  for (let point = 0; point < ranks.length; point += 1) {
    if (ranks[point] < maximum) {
      below[ranks[point] + 1] += 1;
    }
  }
  for (let cut = 1; cut <= maximum; cut += 1) {
    below[cut] += below[cut - 1];
  }
  return below;
}

/** "#rrggbb", "rgb(...)" or a name to [r, g, b] in 0-1, through the browser's own parser. */
export function colour(text) {
  const context = (colour.context ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  context.fillStyle = "#000";
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return [r / 255, g / 255, b / 255];
}
