// Token lengths of each stage as bars over half octaves, the pool as a grey ghost, the length of a pack as a dashed line.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

const shares = (counts) => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total ? count / total : 0));
};
const percent = (part) => `${(100 * part).toFixed(1)} %`;

function panel(entry, data) {
  const box = make("section", "panel"), head = make("div", "head"), bars = make("div", "bars"), axis = make("div", "axis");
  head.append(make("b", "", entry.title), make("span", "", entry.says));
  const shown = shares(entry.counts), ghost = shares(entry.ghost);
  const most = Math.max(...shown, ...ghost, 1e-9);
  let upto = 0;
  const height = (part) => `${Math.max(part > 0 ? 1.5 : 0, (96 * part) / most)}%`;
  data.labels.forEach((label, at) => {
    upto += shown[at];
    const bar = make("button", data.over[at] ? "bar over" : "bar");
    bar.type = "button";
    bar.tabIndex = entry.counts[at] ? 0 : -1;
    const lines = [
      `${entry.title}, ${label}`,
      `${entry.counts[at].toLocaleString("en")} samples (${percent(shown[at])}), ${percent(upto)} up to here`,
      `pool: ${entry.ghost[at].toLocaleString("en")} (${percent(ghost[at])})`,
    ];
    if (data.over[at] && entry.counts[at]) lines.push("longer than a pack");
    bar.dataset.tip = lines.join("\n");
    bar.setAttribute("aria-label", lines.join(", "));
    for (const [name, part] of [["ghost", ghost[at]], ["shown", shown[at]]]) {
      const piece = make("i", name);
      piece.style.height = height(part);
      bar.append(piece);
    }
    bars.append(bar);
  });
  if (data.pack !== null) {
    const line = make("div", "pack");
    line.style.left = `${100 * data.pack}%`;
    line.title = data.pack_says;
    bars.append(line);
  }
  data.ticks.forEach(([text, place], at) => {
    const tick = make("span", at === 0 ? "first" : place > 0.96 ? "last" : "", text);
    tick.style.left = `${100 * place}%`;
    axis.append(tick);
  });
  box.append(head, bars, axis);
  return box;
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
  const panels = make("div", data.panels.length === 1 ? "panels one" : "panels"), tip = make("div", "tip");
  panels.style.setProperty("--across", data.panels.length <= 4 ? data.panels.length : 3);
  panels.append(...data.panels.map((entry) => panel(entry, data)));
  tip.hidden = true;
  const tell = (over, x, y) => {
    tip.hidden = !over;
    if (!over) return;
    tip.textContent = over.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(x + 12, innerWidth - box.width - 8)}px`;
    tip.style.top = `${y + 16 + box.height > innerHeight ? y - box.height - 10 : y + 16}px`;
  };
  panels.addEventListener("pointermove", (event) => tell(event.target.closest("[data-tip]"), event.clientX, event.clientY));
  panels.addEventListener("pointerleave", () => { tip.hidden = true; });
  panels.addEventListener("focusin", (event) => {
    const box = event.target.getBoundingClientRect();
    tell(event.target.closest("[data-tip]"), box.left, box.top);
  });
  panels.addEventListener("focusout", () => { tip.hidden = true; });
  root.replaceChildren(panels, tip);
}
