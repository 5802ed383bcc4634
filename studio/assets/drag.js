// Cards dragged from stage to stage, and stages into another order. Buttons do the same; this is for the mouse, pen and finger.
const FAR_PX = 5, EDGE_PX = 48, SCROLL_PX = 14;

/** The key a Streamlit container carries in its class: "st-key-part-3-p5" under "part-\\d+" is "p5". */
function keyOf(element, name) {
  const found = [...element.classList].map((one) => one.match(new RegExp(`^st-key-${name}-(\\w+)$`))).find(Boolean);
  return found ? found[1] : null;
}

const lanes = () => [...document.querySelectorAll('[class*="st-key-card-lane-"]')];
const cardsOf = (lane) => [...lane.querySelectorAll('[class*="st-key-part-"]')].filter((one) => keyOf(one, "part-\\d+"));

/** What is taken hold of at a place of the page: a card or a stage by its head; null for anything else. */
function heldAt(target) {
  const card = target.closest?.(".w-part")?.closest('[class*="st-key-part-"]');
  if (card) return { card, lane: card.closest('[class*="st-key-card-lane-"]'), says: card.querySelector(".w-part b").textContent };
  const head = target.closest?.(".w-lane h3");
  if (head) return { card: null, lane: head.closest('[class*="st-key-card-lane-"]'), says: head.querySelector("span").textContent };
  return null;
}

/** Where a card would go: the lane under the pointer, and before which of its other cards. */
function cardPlace(held, x, y) {
  const all = lanes();
  const lane = all.find((one) => { const box = one.getBoundingClientRect(); return x >= box.left && x <= box.right; });
  if (!lane) return null;
  const others = cardsOf(lane).filter((one) => one !== held.card);
  const boxes = others.map((one) => one.getBoundingClientRect());
  const place = boxes.filter((box) => y > (box.top + box.bottom) / 2).length;
  const whole = lane.getBoundingClientRect();
  const foot = lane.querySelector('[class*="st-key-lane-acts-"]').getBoundingClientRect();
  const top = place < boxes.length ? boxes[place].top - 5 : boxes.length ? boxes[boxes.length - 1].bottom + 3 : foot.top - 6;
  return { lane: keyOf(lane, "card-lane"), place, mark: [whole.left + 12, top, whole.width - 24, 3] };
}

/** Where a stage would go: before which of the others. */
function stagePlace(held, x) {
  const others = lanes().filter((one) => one !== held.lane);
  const boxes = others.map((one) => one.getBoundingClientRect());
  const place = boxes.filter((box) => x > (box.left + box.right) / 2).length;
  const left = place < boxes.length ? boxes[place].left - 9 : boxes[boxes.length - 1].right + 6;
  const tall = boxes[0];
  return { lane: keyOf(held.lane, "card-lane"), place, mark: [left, tall.top, 3, tall.height] };
}

const living = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let here = living.get(parentElement);
  if (here === undefined) {
    const root = document.createElement("div");
    root.className = "root";
    const ghost = document.createElement("div"), mark = document.createElement("div");
    ghost.className = "ghost";
    mark.className = "mark";
    ghost.hidden = mark.hidden = true;
    root.append(ghost, mark);
    parentElement.append(root);
    here = { root, leaving: new AbortController(), tell: setTriggerValue, stages: data.stages };
    living.set(parentElement, here);
    let held = null, found = null;
    const let_go = () => {
      held = found = null;
      ghost.hidden = mark.hidden = true;
      document.documentElement.style.cursor = "";
    };
    const follow = (event) => {
      ghost.style.left = `${event.clientX + 10}px`;
      ghost.style.top = `${event.clientY + 8}px`;
      found = held.card ? cardPlace(held, event.clientX, event.clientY) : stagePlace(held, event.clientX);
      mark.hidden = !found;
      if (found) ["left", "top", "width", "height"].forEach((side, at) => { mark.style[side] = `${found.mark[at]}px`; });
      const strip = document.querySelector(".st-key-lanes");
      const box = strip.getBoundingClientRect();
      if (event.clientX > box.right - EDGE_PX) strip.scrollLeft += SCROLL_PX;
      else if (event.clientX < box.left + EDGE_PX) strip.scrollLeft -= SCROLL_PX;
    };
    const signal = { signal: here.leaving.signal };
    document.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.pointerType === "touch" && !event.target.closest?.(".w-grip"))) return;
      const at = heldAt(event.target);
      if (!at || !at.lane || (!at.card && here.stages < 2)) return;
      held = { ...at, x: event.clientX, y: event.clientY, begun: false };
    }, signal);
    document.addEventListener("pointermove", (event) => {
      if (!held) return;
      if (!held.begun) {
        if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < FAR_PX) return;
        held.begun = true;
        ghost.textContent = held.says;
        ghost.hidden = false;
        document.documentElement.style.cursor = "grabbing";
        getSelection()?.removeAllRanges();
      }
      event.preventDefault();
      follow(event);
    }, signal);
    document.addEventListener("pointerup", (event) => {
      if (held?.begun) {
        follow(event);
        if (found) here.tell("moved", { card: held.card ? keyOf(held.card, "part-\\d+") : "", lane: found.lane, place: found.place, sequence: Date.now() });
      }
      let_go();
    }, signal);
    document.addEventListener("pointercancel", let_go, signal);
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && held) let_go(); }, signal);
  }
  here.tell = setTriggerValue;
  here.stages = data.stages;
  return () => {
    here.leaving.abort();
    here.root.remove();
    living.delete(parentElement);
  };
}
