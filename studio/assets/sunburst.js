// A sunburst of up to three levels. Angles are how often tags are given; the number in the middle counts samples.
const NS = "http://www.w3.org/2000/svg";
const SIZE = 640, HOLE = 86;
const RINGS_OF = { 1: [86, 290], 2: [86, 205, 314], 3: [86, 164, 236, 316] };
let RINGS = RINGS_OF[3];
const LEAST_ANGLE = 0.006;

function make(tag, attributes = {}, text) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function arc(from, to, inner, outer) {
  const span = Math.min(to - from, 2 * Math.PI - 1e-4);
  const end = from + span, large = span > Math.PI ? 1 : 0;
  const at = (angle, radius) => `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  return `M${at(from, outer)}A${outer} ${outer} 0 ${large} 1 ${at(end, outer)}L${at(end, inner)}A${inner} ${inner} 0 ${large} 0 ${at(from, inner)}Z`;
}

function place(nodes) {
  const byParent = new Map();
  for (const node of nodes) {
    if (!byParent.has(node.parent)) byParent.set(node.parent, []);
    byParent.get(node.parent).push(node);
  }
  const placed = [];
  function lay(parent, from, to, whole) {
    let angle = from;
    const folded = [];
    for (const node of byParent.get(parent) || []) {
      const span = ((to - from) * node.weight) / whole;
      if (span < LEAST_ANGLE) folded.push({ ...node, span });
      else {
        placed.push({ ...node, from: angle, to: angle + span });
        lay(node.path, angle, angle + span, node.weight);
        angle += span;
      }
    }
    if (folded.length) {
      const span = folded.reduce((sum, node) => sum + node.span, 0);
      const { depth, colour, ink } = folded[0];
      placed.push({ folded: true, path: parent, label: `${folded.length} more`, count: null, says: "in the list", depth, colour, ink, from: angle, to: angle + span });
    }
  }
  const tops = byParent.get("") || [];
  lay("", 0, 2 * Math.PI, tops.reduce((sum, node) => sum + node.weight, 0) || 1);
  return placed;
}

function fit(text, room) {
  const letters = Math.floor(room / 5.9);
  return letters < 4 ? "" : text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
}

function label(node) {
  const span = node.to - node.from, inner = RINGS[node.depth - 1], outer = RINGS[node.depth];
  const middle = (node.from + node.to) / 2, radius = (inner + outer) / 2;
  const along = span * radius, across = outer - inner - 10;
  const radial = along < 90;
  if (radial && along < 12) return null;
  const text = fit(node.label, radial ? across : along - 10);
  if (!text) return null;
  const degrees = (middle * 180) / Math.PI;
  let turn = radial ? degrees - 90 : degrees;
  if (radial && degrees > 180) turn += 180;
  if (!radial && degrees > 90 && degrees < 270) turn += 180;
  const x = radius * Math.sin(middle), y = -radius * Math.cos(middle);
  return make("text", { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn.toFixed(1)})`, "text-anchor": "middle", dy: "0.35em", fill: node.ink }, text);
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".root");
  const seen = JSON.stringify(data);
  if (root && root.dataset.seen === seen) return;
  if (!root) {
    root = document.createElement("div");
    root.className = "root";
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  RINGS = RINGS_OF[Math.max(1, ...data.nodes.map((node) => node.depth))];
  const svg = make("svg", { viewBox: `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`, role: "group", "aria-label": data.title });
  svg.style.setProperty("--tall", `${data.tall_px}px`);
  if (data.nodes.some((node) => node.on)) svg.classList.add("some");
  const middle = make("g", { class: "middle" });
  const count = make("text", { class: "big", y: -4 }), says = make("text", { class: "small", y: 18 }), more = make("text", { class: "small", y: 36 });
  middle.append(count, says, more);
  function tell(node) {
    const number = node ? node.count : data.total;
    count.textContent = number === null ? "" : number.toLocaleString("en");
    says.textContent = fit(node ? node.label : "samples", 2 * HOLE - 24);
    more.textContent = node ? node.says : data.says;
  }
  tell(null);
  const paths = [];
  for (const node of place(data.nodes)) {
    const path = make("path", { d: arc(node.from, node.to, RINGS[node.depth - 1], RINGS[node.depth]), fill: node.colour, tabindex: 0, role: "button", "aria-label": `${node.path}, ${node.count} samples` });
    if (node.on) path.classList.add("on");
    if (node.folded) {
      path.classList.add("folded");
      path.removeAttribute("tabindex");
      path.removeAttribute("role");
    }
    path.__node = node;
    paths.push(path);
    svg.append(path);
    const text = label(node);
    if (text && node.on) text.classList.add("on");
    if (text) svg.append(text);
  }
  const over = (event) => {
    const node = event.target.__node;
    if (!node) return;
    tell(node);
    for (const path of paths) {
      const other = path.__node;
      const kin = other.path === node.path || other.path.startsWith(`${node.path} > `) || node.path.startsWith(`${other.path} > `);
      path.classList.toggle("dim", !kin);
    }
  };
  const out = () => {
    tell(null);
    paths.forEach((path) => path.classList.remove("dim"));
  };
  svg.addEventListener("pointerover", over);
  svg.addEventListener("focusin", over);
  svg.addEventListener("pointerleave", out);
  svg.addEventListener("focusout", out);
  const pick = (node) => node && !node.folded && setTriggerValue("picked", node.path);
  svg.addEventListener("click", (event) => pick(event.target.__node));
  svg.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.__node) {
      event.preventDefault();
      pick(event.target.__node);
    }
  });
  svg.append(middle);
  root.replaceChildren(svg);
}
