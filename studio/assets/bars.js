// Small multiples of bars: the pool as a grey ghost behind what is shown, both as shares of their own totals.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

const percent = (part) => `${(100 * part).toFixed(1)} %`;

function panel(entry, labels, pick) {
  const box = make("section", "panel");
  const head = make("div", "head");
  const title = make("b", "", entry.title);
  head.append(title, make("span", "", entry.says));
  head.dataset.tip = entry.hover;
  const bars = make("div", entry.ghost ? "bars" : "bars alone");
  const most = Math.max(...entry.shown, ...(entry.ghost || []), 1e-9);
  labels.forEach((label, index) => {
    const bar = make("button", "bar");
    bar.type = "button";
    bar.tabIndex = pick ? 0 : -1;
    bar.dataset.key = entry.key;
    bar.dataset.index = index;
    const shown = entry.shown[index];
    const lines = [`${entry.title}, ${entry.unit} ${label}`, `shown: ${entry.counts[index].toLocaleString("en")} (${percent(shown)})`];
    if (entry.ghost) lines.push(`pool: ${entry.ghost_counts[index].toLocaleString("en")} (${percent(entry.ghost[index])})`);
    bar.dataset.tip = lines.join("\n");
    bar.setAttribute("aria-label", lines.join(", "));
    const height = (part) => `${Math.max(part > 0 ? 1.5 : 0, (82 * part) / most)}%`;
    if (entry.ghost) {
      const ghost = make("i", "ghost");
      ghost.style.height = height(entry.ghost[index]);
      bar.append(ghost);
    }
    const front = make("i", "shown");
    front.style.height = height(shown);
    const number = make("em", "", shown > 0 ? (100 * shown < 0.5 ? "<1" : Math.round(100 * shown)) : "");
    number.style.bottom = `calc(${height(Math.max(shown, entry.ghost ? entry.ghost[index] : 0))} + 1px)`;
    bar.append(front, number);
    bars.append(bar);
  });
  const axis = make("div", "axis");
  axis.append(...labels.map((label) => make("span", "", label)));
  box.append(head, bars, axis);
  if (entry.foot) box.append(make("div", "foot", entry.foot));
  return box;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".root");
  const seen = JSON.stringify(data);
  if (root && root.dataset.seen === seen) return;
  if (!root) {
    root = make("div", "root");
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  const panels = make("div", data.pick ? "panels pick" : "panels");
  panels.style.setProperty("--least", `${data.least_px}px`);
  panels.style.setProperty("--tall", `${data.tall_px}px`);
  panels.append(...data.panels.map((entry) => panel(entry, data.labels, data.pick)));
  const tip = make("div", "tip");
  tip.hidden = true;
  panels.addEventListener("pointermove", (event) => {
    const over = event.target.closest("[data-tip]");
    tip.hidden = !over;
    if (!over) return;
    tip.textContent = over.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - box.width - 8)}px`;
    tip.style.top = `${event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 16}px`;
  });
  panels.addEventListener("pointerleave", () => { tip.hidden = true; });
  if (data.pick) {
    panels.addEventListener("click", (event) => {
      const bar = event.target.closest(".bar");
      if (bar) setTriggerValue("picked", { key: bar.dataset.key, index: Number(bar.dataset.index) });
    });
  }
  root.replaceChildren(panels, tip);
}
