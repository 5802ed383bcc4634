// An opened sample: picture with zoom at the left, conversation at the right. Text is written with textContent only.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

const ROLES = { human: "human", gpt: "model", system: "system" };

function turn(entry) {
  const box = make("div", `turn ${entry.role in ROLES ? entry.role : "system"}`);
  const said = make("div", "said");
  said.dir = "auto";
  entry.text.split("<image>").forEach((part, index) => {
    if (index) said.append(make("span", "place", "<image>"));
    said.append(document.createTextNode(part));
  });
  if (!entry.text) said.append(make("span", "empty", "(empty)"));
  box.append(make("div", "role", ROLES[entry.role] || entry.role), said);
  return box;
}

function stage(image, label) {
  const box = make("div", "stage");
  box.tabIndex = 0;
  box.setAttribute("aria-label", label);
  const picture = make("img");
  picture.alt = label;
  picture.draggable = false;
  const tools = make("div", "tools");
  const out = make("button", "", "−"), fit = make("button", "", "Fit"), full = make("button", "", "1:1"), into = make("button", "", "+");
  out.setAttribute("aria-label", "Zoom out");
  into.setAttribute("aria-label", "Zoom in");
  const says = make("output");
  tools.append(out, fit, full, into, says);
  box.append(picture, tools);

  let scale = 1, smallest = 1, x = 0, y = 0;
  function draw() {
    const w = picture.naturalWidth * scale, h = picture.naturalHeight * scale;
    x = w <= box.clientWidth ? (box.clientWidth - w) / 2 : Math.min(0, Math.max(box.clientWidth - w, x));
    y = h <= box.clientHeight ? (box.clientHeight - h) / 2 : Math.min(0, Math.max(box.clientHeight - h, y));
    picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    picture.style.imageRendering = scale > 2 ? "pixelated" : "auto";
    box.classList.toggle("zoomed", scale > smallest * 1.01);
    says.textContent = `${Math.round(scale * 100)} %`;
  }
  function toFit() {
    if (!picture.naturalWidth || !box.clientWidth) return;
    smallest = Math.min(box.clientWidth / picture.naturalWidth, box.clientHeight / picture.naturalHeight, 3);
    scale = smallest;
    draw();
  }
  function zoom(by, cx = box.clientWidth / 2, cy = box.clientHeight / 2) {
    const next = Math.min(Math.max(scale * by, smallest), Math.max(16, smallest));
    x = cx - (cx - x) * (next / scale);
    y = cy - (cy - y) * (next / scale);
    scale = next;
    draw();
  }
  const at = (event) => {
    const place = box.getBoundingClientRect();
    return [event.clientX - place.left, event.clientY - place.top];
  };
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && scale <= smallest * 1.01 && event.deltaY > 0) return; // let the page scroll on
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), ...at(event));
  }, { passive: false });
  let held = null;
  picture.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX - x, y: event.clientY - y, moved: false };
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (!held) return;
    held.moved ||= Math.hypot(event.clientX - held.x - x, event.clientY - held.y - y) > 3;
    if (!held.moved) return;
    box.classList.add("dragged");
    x = event.clientX - held.x;
    y = event.clientY - held.y;
    draw();
  });
  picture.addEventListener("pointerup", (event) => {
    if (held && !held.moved) scale > smallest * 1.01 ? toFit() : zoom(2.2, ...at(event));
    held = null;
    box.classList.remove("dragged");
  });
  box.addEventListener("keydown", (event) => {
    const act = { "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: toFit }[event.key];
    if (act) { act(); event.stopPropagation(); }
  });
  out.addEventListener("click", () => zoom(1 / 1.6));
  into.addEventListener("click", () => zoom(1.6));
  fit.addEventListener("click", toFit);
  full.addEventListener("click", () => zoom(1 / scale));
  picture.addEventListener("load", toFit);
  picture.addEventListener("error", () => box.replaceChildren(make("div", "broken", "This picture cannot be read.")));
  const watcher = new ResizeObserver(toFit);
  watcher.observe(box);
  picture.src = image;
  return box;
}

function pictures(images) {
  const left = make("div", "left");
  const label = (index) => `picture ${index + 1} of ${images.length}`;
  let shown = stage(images[0].full, label(0));
  left.append(shown);
  if (images.length > 1) {
    const thumbs = make("div", "thumbs");
    images.forEach((image, index) => {
      const button = make("button", index ? "" : "on");
      button.setAttribute("aria-label", label(index));
      const small = make("img");
      small.src = image.thumb;
      small.alt = "";
      button.append(small);
      button.addEventListener("click", () => {
        const next = stage(image.full, label(index));
        shown.replaceWith(next);
        shown = next;
        thumbs.querySelectorAll("button").forEach((other) => other.classList.toggle("on", other === button));
      });
      thumbs.append(button);
    });
    left.append(thumbs);
  }
  return left;
}

export default function ({ data, parentElement }) {
  let root = parentElement.querySelector(".root");
  const seen = JSON.stringify(data);
  if (root && root.dataset.seen === seen) return;
  if (!root) {
    root = make("div", "root");
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  const pair = make("div", data.images.length ? "pair" : "pair words-only");
  pair.style.setProperty("--height", `${data.height_px}px`);
  const talk = make("div", "talk");
  talk.append(...data.turns.map(turn));
  if (data.images.length) pair.append(pictures(data.images));
  pair.append(talk);
  root.replaceChildren(pair);
}
