// A table whose rows can be clicked. Cells are text, numbers, bars or chips; all text is written with textContent.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined && text !== null) element.textContent = text;
  return element;
}

function dots(box, value, tell) {
  const button = make("button", "dots", "⋯");
  button.type = "button";
  button.title = value.says;
  button.setAttribute("aria-label", value.says);
  const open = (event) => {
    event.stopPropagation(); // the row has a click of its own
    if (event.type === "click") tell("more", value.key);
  };
  button.addEventListener("click", open);
  button.addEventListener("keydown", open);
  box.append(button);
}

function cell(column, value, tell) {
  const box = make("td", { number: "num", chip: "chips", long: "words", mono: "words" }[column.kind] || column.kind);
  if (value === null || value === undefined || value === "") {
    if (column.title) box.append(make("span", "none", "–")); // a column without a title marks some rows only
  } else if (column.kind === "more") {
    dots(box, value, tell);
  } else if (column.kind === "bar") {
    const bar = make("div", "barcell"), track = make("div", "track");
    if (value.ghost !== null && value.ghost !== undefined) {
      const ghost = make("i", "ghost");
      ghost.style.width = `${100 * value.ghost}%`;
      track.append(ghost);
    }
    const shown = make("i", "shown");
    shown.style.width = `${100 * value.part}%`;
    if (value.colour) shown.style.background = value.colour;
    track.append(shown);
    bar.append(track, make("span", "num", value.text));
    box.append(bar);
  } else if (column.kind === "chip") {
    const chip = make("span", `chip ${value.look || ""}`, value.text);
    chip.title = value.says || "";
    box.append(chip);
  } else if (typeof value === "object") {
    box.style.setProperty("--depth", value.depth || 0);
    if (value.depth) box.append(make("span", "indent"));
    if (value.colour) {
      const dot = make("span", "dot");
      dot.style.background = value.colour;
      box.append(dot);
    }
    box.append(document.createTextNode(value.text));
    box.title = value.says || "";
  } else if (column.kind === "long" || column.kind === "mono") {
    box.replaceChildren(make("span", `long ${column.kind}`, value));
    box.title = String(value).slice(0, 600);
  } else {
    box.textContent = value;
    if (String(value).length > 24) box.title = value; // these are cut where there is no room
  }
  return box;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".root");
  const seen = JSON.stringify(data);
  if (root && root.dataset.seen === seen) return;
  const place = root?.querySelector(".wrap")?.scrollTop || 0;
  if (!root) {
    root = make("div", "root");
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  const wrap = make("div", "wrap");
  if (data.tall_px) wrap.style.setProperty("--tall", `${data.tall_px}px`);
  const table = make("table"), head = make("tr"), body = make("tbody");
  for (const column of data.columns) {
    const title = make("th", column.kind === "number" ? "num" : "", column.title);
    if (column.width_px) title.style.width = `${column.width_px}px`;
    head.append(title);
  }
  data.rows.forEach((entry) => {
    const row = make("tr", `${entry.key === null ? "" : "pick"}${entry.on ? " on" : ""}`);
    row.append(...data.columns.map((column, index) => cell(column, entry.cells[index], setTriggerValue)));
    if (entry.key !== null) {
      const pick = () => setTriggerValue("picked", entry.key);
      row.tabIndex = 0;
      row.setAttribute("role", "button");
      row.addEventListener("click", pick);
      row.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          pick();
        }
      });
    }
    body.append(row);
  });
  const top = make("thead");
  top.append(head);
  table.append(top, body);
  wrap.append(table);
  root.replaceChildren(wrap);
  wrap.scrollTop = place;
}
