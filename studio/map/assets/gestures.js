/**
 * Mouse, touch and keys on the picture: drag to move or to draw, wheel or two fingers to zoom, click to open.
 */

const CLICK_PX = 4; // a press that moves less than this is a click

export function followPointer(map, on) {
  const { canvas } = map.parts;
  const pressed = new Map(); // pointer id to its last place
  let moved = 0;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  on(canvas, "pointerdown", (event) => {
    if (event.button === 0) {
      canvas.setPointerCapture(event.pointerId);
      pressed.set(event.pointerId, at(event));
      moved = 0;
      if (pressed.size === 1 && (map.selection.mode !== "move" || event.shiftKey)) {
        map.selection.begin(at(event), map.selection.mode === "move" ? "box" : map.selection.mode);
      }
    }
  });

  on(canvas, "pointermove", (event) => {
    const place = at(event);
    const before = pressed.get(event.pointerId);
    if (before === undefined) {
      map.hover.over(place);
      return;
    }
    moved += Math.hypot(place.x - before.x, place.y - before.y);
    if (map.selection.drawing !== null && pressed.size === 1) {
      map.selection.extend(place);
    } else if (pressed.size === 2) {
      map.selection.drawing = null; // the second finger means the picture, not the drawing
      const other = [...pressed].find(([id]) => id !== event.pointerId)[1];
      const spread = (one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
      map.zoom(spread(place) / spread(before), (place.x + other.x) / 2, (place.y + other.y) / 2);
    } else if (moved > CLICK_PX) {
      canvas.dataset.moving = "true";
      map.hover.leave();
      map.pan(place.x - before.x, place.y - before.y);
    }
    pressed.set(event.pointerId, place);
  });

  const lift = (event) => {
    if (pressed.delete(event.pointerId)) {
      delete canvas.dataset.moving;
      if (map.selection.drawing !== null && event.type === "pointerup" && map.selection.finish()) {
        return;
      }
      if (event.type === "pointerup" && moved <= CLICK_PX) {
        map.hover.click(at(event));
      }
    }
  };
  on(canvas, "pointerup", lift);
  on(canvas, "pointercancel", lift);
  on(canvas, "pointerleave", () => map.hover.leave());

  on(
    canvas,
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = at(event);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      map.hover.leave();
      map.zoom(Math.exp(-event.deltaY * lines * 0.0015), x, y);
    },
    { passive: false },
  );

  on(canvas, "keydown", (event) => {
    const step = 60;
    const acts = {
      ArrowLeft: () => map.pan(step, 0),
      ArrowRight: () => map.pan(-step, 0),
      ArrowUp: () => map.pan(0, step),
      ArrowDown: () => map.pan(0, -step),
      "+": () => map.zoom(1.3),
      "=": () => map.zoom(1.3),
      "-": () => map.zoom(1 / 1.3),
      0: () => map.box && map.fit(),
      b: () => map.selection.choose("box"),
      l: () => map.selection.choose("lasso"),
      v: () => map.selection.choose("move"),
      Enter: () => map.selection.takeView(),
      Escape: () => {
        map.hover.leave();
        return map.selection.leave();
      },
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (Object.hasOwn(acts, key) && !event.ctrlKey && !event.metaKey && !event.altKey && acts[key]() !== false) {
      event.preventDefault();
      event.stopPropagation(); // the page's own keys are for when the picture has no use for one
    }
  });
}
