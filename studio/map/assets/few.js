/**
 * Rings around the kept points while they are few: a lone dot of the accent among thousands of grey ones is not found by eye.
 *
 * Elements over the picture, so that drawing costs nothing more and a pixel of the picture still means what it says.
 */

const MOST = 12;

export class Few {
  constructor(map) {
    this.map = map;
    this.best = [];
    this.rings = [];
  }

  /** Remember the points of the first ranks, once for each ordering. */
  take(ranks) {
    this.best = [];
    for (let point = 0; point < ranks.length; point += 1) {
      if (ranks[point] < MOST) {
        this.best.push(point);
      }
    }
  }

  show() {
    const { map } = this;
    const { codes, hidden } = map.legend;
    const shown = map.budget > MOST ? [] : this.best.filter((point) => map.ranks[point] < map.budget && !hidden.has(codes?.[point]));
    if (shown.length === 0 && this.rings.length === 0) {
      return;
    }
    this.rings = shown.map((point, position) => {
      const ring = this.rings[position] ?? document.createElement("span");
      const { x, y } = map.hover.spot(point);
      ring.style.transform = `translate(${x}px, ${y}px)`;
      return ring;
    });
    map.parts.few.replaceChildren(...this.rings);
  }
}
