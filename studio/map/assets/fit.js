/**
 * Where the whole cloud goes: as large as it can be with no point under the legend, the tools or the caption.
 */

const MARGIN_PX = 14; // between the cloud and the edge
const GAP_PX = 8; // between a point and a panel
const STEPS = 6; // ways tried of making room on the left, and as many at the top
const GRID = 128; // the cloud's shape, coarsely

/** The corners of the box around all places ([2N] u16, x and y in turn). */
export function boxOf(places) {
  const low = [65535, 65535];
  const high = [0, 0];
  for (let at = 0; at < places.length; at += 1) {
    const axis = at & 1;
    low[axis] = Math.min(low[axis], places[at]);
    high[axis] = Math.max(high[axis], places[at]);
  }
  return places.length === 0 ? { low: [0, 0], high: [65535, 65535] } : { low, high };
}

/** The cells of a coarse grid over the box that hold a point, as [x, y, x, y, ...] of their middles in places. */
export function occupied(places, { low, high }) {
  const across = Math.max(1, high[0] - low[0]) / GRID;
  const down = Math.max(1, high[1] - low[1]) / GRID;
  const taken = new Uint8Array(GRID * GRID);
  for (let at = 0; at < places.length; at += 2) {
    const x = Math.min(GRID - 1, Math.floor((places[at] - low[0]) / across));
    const y = Math.min(GRID - 1, Math.floor((places[at + 1] - low[1]) / down));
    taken[y * GRID + x] = 1;
  }
  const middles = [];
  taken.forEach((one, cell) => {
    if (one === 1) {
      middles.push(low[0] + ((cell % GRID) + 0.5) * across, low[1] + (Math.floor(cell / GRID) + 0.5) * down);
    }
  });
  return { middles, across, down };
}

/**
 * The scale (device pixels per place) and the place in the middle of the canvas.
 *
 * Tried are several ways of giving up a strip on the left and one at the top, the largest picture first; the last of them
 * clears the panels whatever the cloud's shape.
 */
export function fitted({ low, high }, cells, { width, height }, { legend, tools, foot }, density) {
  const panels = [legend, tools, foot].map((panel) => ({
    left: (panel.offsetLeft - GAP_PX) * density,
    top: (panel.offsetTop - GAP_PX) * density,
    right: (panel.offsetLeft + panel.offsetWidth + GAP_PX) * density,
    bottom: (panel.offsetTop + panel.offsetHeight + GAP_PX) * density,
  }));
  const margin = MARGIN_PX * density;
  const beside = Math.max(margin, Math.min(panels[0].right, width / 2));
  const below = Math.max(margin, Math.min(Math.max(panels[0].bottom, panels[1].bottom), height / 2));
  const above = Math.max(margin, Math.min(height - panels[2].top, height / 4));
  const ways = [];
  for (const bottom of [margin, above]) {
    for (let i = 0; i <= STEPS; i += 1) {
      for (let j = 0; j <= STEPS; j += 1) {
        const left = margin + ((beside - margin) * i) / STEPS;
        const top = margin + ((below - margin) * j) / STEPS;
        const roomAcross = Math.max(1, width - left - margin);
        const roomDown = Math.max(1, height - top - bottom);
        const scale = Math.min(roomAcross / Math.max(1, high[0] - low[0]), roomDown / Math.max(1, high[1] - low[1]));
        // The middle of the cloud lies in the middle of the room that is left.
        const x = (low[0] + high[0]) / 2 + (width / 2 - left - roomAcross / 2) / scale;
        const y = (low[1] + high[1]) / 2 + (height / 2 - top - roomDown / 2) / scale;
        ways.push({ scale, x, y, given: left + top + bottom });
      }
    }
  }
  ways.sort((one, other) => other.scale - one.scale || one.given - other.given);
  const clear = ({ scale, x, y }) => {
    const { middles, across, down } = cells;
    for (let at = 0; at < middles.length; at += 2) {
      const px = (middles[at] - x) * scale + width / 2;
      const py = (middles[at + 1] - y) * scale + height / 2;
      const sideways = (across * scale) / 2;
      const upright = (down * scale) / 2;
      for (const { left, top, right, bottom } of panels) {
        if (px + sideways > left && px - sideways < right && py + upright > top && py - upright < bottom) {
          return false;
        }
      }
    }
    return true;
  };
  return ways.find(clear) ?? ways[ways.length - 1];
}
