// A grid or strip of samples. Everything that comes from data is written with textContent, so it is shown, never interpreted.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function picture(tile) {
  const box = make("div", "picture");
  if (!tile.image) {
    box.append(make("div", "text", tile.question || "(no text)"));
    return box;
  }
  const image = make("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = "";
  image.addEventListener("error", () => image.replaceWith(make("div", "broken", "This picture cannot be read.")));
  image.src = tile.image;
  box.append(image);
  if (tile.more > 0) box.append(make("span", "more", `+${tile.more}`));
  return box;
}

function build(tile) {
  const button = make("button", "tile" + (tile.kept ? " kept" : "") + (tile.marked ? " marked" : ""));
  button.type = "button";
  button.dataset.id = tile.id;
  button.setAttribute("aria-label", `Open: ${tile.question || tile.id}${tile.marked ? ", marked" : ""}`);
  const words = make("div", "words");
  if (tile.caption !== null) words.append(make("div", "question", tile.caption));
  const marks = make("div", "marks");
  for (const mark of tile.marks) {
    const chip = make("span", `mark ${mark.kind}`, mark.text);
    chip.title = mark.says || mark.text;
    marks.append(chip);
  }
  if (tile.marks.length) words.append(marks);
  button.append(picture(tile), words);
  return button;
}

function step(root, from, key) {
  const tiles = [...root.querySelectorAll(".tile")];
  const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  const next = tiles[tiles.indexOf(from) + by];
  if (by !== undefined && next) next.focus();
  return by !== undefined;
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".root");
  const seen = JSON.stringify({ ...data, opened: null });
  if (root && root.dataset.seen === seen) return;
  if (!root) {
    root = make("div", "root");
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  const list = make("div", data.shape);
  list.style.setProperty("--row", `${data.row_px}px`);
  list.style.setProperty("--tile", `${data.tile_px}px`);
  list.append(...data.tiles.map(build));
  list.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile) return;
    tile.blur(); // so that the arrow keys belong to the opened sample at once
    setTriggerValue("opened", tile.dataset.id);
  });
  list.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (tile && step(root, tile, event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  // The keys go on where they were: at the tile that had the focus, or on the way back from a sample at that sample's.
  const isNew = root.childElementCount === 0;
  const before = root.getRootNode().activeElement?.dataset?.id;
  root.replaceChildren(list);
  const wanted = before || (isNew && document.activeElement === document.body ? data.opened : null);
  if (wanted) [...list.querySelectorAll(".tile")].find((tile) => tile.dataset.id === wanted)?.focus();
}
