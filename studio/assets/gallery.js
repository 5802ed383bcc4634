// A grid or strip of samples. Everything that comes from data is written with textContent, so it is shown, never interpreted.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Thumbnails by image key, as addresses that need no request; those asked for longest ago stand first and go first. A page of them
// comes in one answer: 48 answers take longer than everything else a page needs.
const held = new Map();
const MOST_HELD = 800;
const PATIENCE_MS = 200; // so long the tiles before stay, to be replaced by new ones with their pictures in one frame
const REST_MS = 250; // so long nothing must have changed before the next page's pictures are fetched

async function fetchPictures(url, options) {
  const answer = await fetch(url, options);
  for (const line of answer.ok ? (await answer.text()).split("\n") : []) {
    const [key, base64] = line.split(" ");
    if (base64) hold(key, `data:image/jpeg;base64,${base64}`);
  }
}

function hold(key, address) {
  held.delete(key);
  held.set(key, address);
  if (held.size > MOST_HELD) held.delete(held.keys().next().value);
}

/** What is not held of the pictures of these tiles is on its way when the promise is given; null when all are held. */
function pictures({ tiles, thumbs }) {
  const missing = new Set();
  for (const { key } of tiles) {
    if (key && held.has(key)) hold(key, held.get(key));
    else if (key) missing.add(key);
  }
  return missing.size ? fetchPictures(thumbs + [...missing].join("")).catch(() => {}) : null;
}

/** Give every picture that has none its own; one that did not come with the others is asked for alone. */
function fill(list) {
  for (const image of list.querySelectorAll("img:not([src])")) image.src = held.get(image.dataset.key) ?? image.dataset.from;
}

function picture(tile) {
  const box = make("div", "picture");
  if (!tile.image) {
    box.append(make("div", "text", tile.question || "(no text)"));
    return box;
  }
  const image = make("img");
  image.decoding = "sync"; // small ones: all of a page stand in the first frame, none follows
  image.alt = "";
  image.addEventListener("error", () => image.replaceWith(make("div", "broken", "This picture cannot be read.")));
  image.dataset.key = tile.key;
  image.dataset.from = tile.image;
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
  const seen = JSON.stringify({ ...data, back: null });
  if (root && root.dataset.seen === seen) return comeBack(root, data);
  if (!root) {
    root = make("div", "root");
    parentElement.append(root);
  }
  root.dataset.seen = seen;
  const coming = pictures(data);
  const show = () => {
    if (root.dataset.seen === seen) draw(root, data, setTriggerValue, coming);
  };
  if (!coming || !root.querySelector(".tile")) return show();
  Promise.race([coming, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]).then(show);
}

function draw(root, data, setTriggerValue, coming) {
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
  for (const image of list.querySelectorAll("img")) if (held.has(image.dataset.key)) image.src = held.get(image.dataset.key);
  coming?.then(() => fill(list));
  const before = root.getRootNode().activeElement?.dataset?.id;
  root.replaceChildren(list);
  if (before) focusTile(root, before); // the keys go on where they were
  comeBack(root, data);
  lookAhead(root, data.ahead);
}

/** Fetch what is likely to be asked for next, once nothing has happened for a while. */
function lookAhead(root, url) {
  clearTimeout(root.rest);
  if (!url) return;
  root.rest = setTimeout(() => {
    if (root.isConnected && !document.hidden) fetchPictures(url, { priority: "low" }).catch(() => {});
  }, REST_MS);
}

/** On the way back from an opened sample, once, the keys go on at its tile. */
function comeBack(root, { back }) {
  if (!back || root.dataset.back === `${back.visit}`) return;
  root.dataset.back = back.visit;
  focusTile(root, back.id);
}

/** Until the stylesheet is there nothing here can take the focus; somebody who puts it elsewhere meanwhile keeps it there. */
function focusTile(root, id, tries = 40) {
  const tile = [...root.querySelectorAll(".tile")].find((one) => one.dataset.id === id);
  if (!tile || ![document.body, root.getRootNode().host].includes(document.activeElement)) return;
  tile.focus();
  if (root.getRootNode().activeElement !== tile && tries > 0) setTimeout(() => focusTile(root, id, tries - 1), 50);
}
