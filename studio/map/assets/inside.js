/**
 * Which points lie inside a polygon, by the even-odd rule; studio/map/lasso.py holds the same rule in the same arithmetic, and
 * what it finds is what the page gets.
 */

const BAND_BITS = 6; // places fall into 1024 bands by y, each with the few edges that pass through it

/**
 * `places` is [2N] u16 (x, y in turn), `corners` [2V] in the same unit, the last joined to the first; `visible` is null or [N]
 * u8, 0 for points that are not shown and so not taken. Gives [N] u8, 1 inside.
 */
export function inside(places, corners, visible) {
  const bands = Array.from({ length: 65536 >> BAND_BITS }, () => []);
  const num = corners.length / 2;
  for (let at = 0; at < num; at += 1) {
    const next = (at + 1) % num;
    const edge = { x0: corners[2 * at], y0: corners[2 * at + 1], x1: corners[2 * next], y1: corners[2 * next + 1] };
    const first = Math.max(0, Math.floor(Math.min(edge.y0, edge.y1)) >> BAND_BITS);
    const last = Math.min(bands.length - 1, Math.floor(Math.max(edge.y0, edge.y1)) >> BAND_BITS);
    for (let band = first; band <= last && edge.y0 !== edge.y1; band += 1) {
      bands[band].push(edge);
    }
  }
  const marks = new Uint8Array(places.length / 2);
  for (let point = 0; point < marks.length; point += 1) {
    const y = places[2 * point + 1];
    const edges = bands[y >> BAND_BITS];
    if (edges.length === 0 || (visible !== null && visible[point] === 0)) {
      continue;
    }
    const x = places[2 * point];
    let odd = 0;
    for (const { x0, y0, x1, y1 } of edges) {
      if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) {
        odd ^= 1;
      }
    }
    marks[point] = odd;
  }
  return marks;
}
