// The keys of every page. Words of the sheet are written with textContent.
function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

const TYPED_IN = new Set(["text", "search", "url", "tel", "email", "password", "number", "date", "time", "datetime-local", "month", "week"]);

/** Whether a key belongs to something that takes letters: a field, or a list that jumps to what is typed. */
function typing(event) {
  return event.composedPath().some((node) => {
    if (node.tagName === "INPUT") return TYPED_IN.has(node.type);
    if (node.tagName === "TEXTAREA" || node.tagName === "SELECT" || node.isContentEditable === true) return true;
    return ["textbox", "combobox", "searchbox", "listbox", "spinbutton"].includes(node.getAttribute?.("role"));
  });
}

/** Whether something lies over the page: its keys are its own. */
function covered() {
  return document.querySelector('[role="dialog"], [data-testid="stDialog"], [data-testid="stPopoverBody"]') !== null;
}

/** The element with the focus, however deep in components. */
function focused() {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
}

/** The sample that is open, as the address says it; "" for none. */
function opened() {
  return document.querySelector(".st-key-sample-way") ? new URLSearchParams(location.search).get("sample") || "" : "";
}

/** What can be moved through, in order: the tiles of the grid, else the rows of the table that has the focus or comes first. */
function stops() {
  const roots = [...document.querySelectorAll('[data-testid="stMain"] *')].flatMap((node) => node.shadowRoot || []);
  for (const root of roots) {
    const tiles = root.querySelectorAll(".grid .tile");
    if (tiles.length) return [...tiles];
  }
  const tables = roots.map((root) => [...root.querySelectorAll("tr.pick")]).filter((rows) => rows.length);
  const here = focused();
  return tables.find((rows) => rows.includes(here)) || tables[0] || [];
}

function move(by) {
  const step = document.querySelector(by > 0 ? ".st-key-sample-after button" : ".st-key-sample-before button");
  if (step) {
    if (!step.disabled) step.click();
    return true;
  }
  const all = stops();
  const place = all.indexOf(focused());
  const next = place < 0 ? all.find((one) => one.getBoundingClientRect().top >= 0) || all[0] : all[place + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return all.length > 0;
}

function search() {
  const field = document.querySelector(".st-key-filter-text input:not(:disabled)");
  field?.focus();
  field?.select();
  return field !== null;
}

function sheetOf(groups) {
  const sheet = make("dialog", "sheet");
  sheet.setAttribute("aria-label", "Keyboard");
  const head = make("div", "head");
  const close = make("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => sheet.close());
  head.append(make("h2", "", "Keyboard"), close);
  const columns = make("div", "columns");
  for (const group of groups) {
    const box = make("section");
    const list = make("dl");
    for (const entry of group.keys) {
      const keys = make("dt");
      keys.append(...entry.keys.split(", ").flatMap((part, index) => [...(index ? [document.createTextNode(" ")] : []), ...caps(part)]));
      list.append(keys, make("dd", "", entry.says));
    }
    box.append(make("h3", "", group.title), list);
    columns.append(box);
  }
  sheet.append(head, columns);
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  return sheet;
}

/** "Ctrl Shift Z" as key caps; "Page Up" is one key. */
function caps(text) {
  return (text.startsWith("Page ") ? [text] : text.split(" ")).map((key) => make("kbd", "", key));
}

const CHOSEN = "winnow.capability"; // which capability digits rate, kept for the tab; rating.js reads and shows it too
const PATIENCE_MS = 3000; // so long digits wait for the sample one has moved on to
const PILL_MS = 2600;

/** A short word at the foot of the page, over everything. */
function say(pill, text) {
  pill.textContent = text;
  if (!pill.isConnected || !pill.showPopover) return;
  if (!pill.matches(":popover-open")) pill.showPopover();
  clearTimeout(pill.rest);
  pill.rest = setTimeout(() => pill.matches(":popover-open") && pill.hidePopover(), PILL_MS);
}

/** The opened sample whose scores are on screen: rating.js says it. */
const shown = () => document.documentElement.dataset.winnowRated || "";

/** The tile of the grid that has the focus; where a sample is open, that one is rated whatever has the focus. */
const rateable = () => (opened() ? null : focused()?.closest?.(".grid .tile"));

function chooseCapability(here, by) {
  if (!opened() && !stops()[0]?.matches(".tile")) return false;
  const all = here.data.capabilities;
  const place = all.findIndex((one) => one.key === sessionStorage.getItem(CHOSEN));
  // An opened sample shows the first one as chosen before anybody has chosen.
  const next = all[place < 0 && !opened() ? 0 : (Math.max(place, 0) + by + all.length) % all.length];
  sessionStorage.setItem(CHOSEN, next.key);
  window.dispatchEvent(new CustomEvent("winnow-choose", { detail: next.key }));
  if (!opened()) say(here.pill, `Digits rate ${next.name}`);
  return true;
}

/** Rate the opened sample, or the tile that has the focus, with the chosen capability; null takes back. */
function rate(here, score, event) {
  if (opened()) {
    if (score === 0 && event.composedPath().some((node) => node.classList?.contains("stage"))) {
      say(here.pill, "0 fitted the picture, which has the focus. Click beside it to rate 0.");
      return false; // the key is the picture's
    }
    // On the way to another sample a digit is meant for one that nobody sees yet.
    const onTheWay = here.left === shown() && Date.now() - here.leftAt < PATIENCE_MS;
    if (onTheWay || shown() !== opened()) return true;
    const asked = { score, taken: false };
    window.dispatchEvent(new CustomEvent("winnow-rate", { detail: asked }));
    return asked.taken;
  }
  const tile = rateable();
  if (!tile) return false;
  const chosen = here.data.capabilities.find((one) => one.key === sessionStorage.getItem(CHOSEN));
  if (chosen) here.tell("rated", { sample_id: tile.dataset.id, capability: chosen.key, score, at: Date.now() });
  else say(here.pill, "Choose what digits rate with [ and ] first.");
  return true;
}

const living = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let here = living.get(parentElement);
  if (here === undefined) {
    const button = make("button", "hint");
    button.type = "button";
    button.append(make("span", "", "Keyboard"), make("kbd", "", "?"));
    const sheet = sheetOf(data.sheet);
    const pill = make("div", "pill");
    pill.popover = "manual";
    pill.setAttribute("role", "status");
    here = { button, sheet, pill, data, leaving: new AbortController(), left: "", leftAt: 0 };
    const entry = here;
    button.addEventListener("click", () => sheet.showModal());
    parentElement.append(button, sheet, pill);
    const mark = () => {
      const tile = focused()?.closest?.(".tile");
      const sample = tile?.dataset.id || opened();
      if (sample) here.tell("marked", { sample_id: sample, at: Date.now() });
      return Boolean(sample);
    };
    const acts = {
      "?": () => sheet.showModal() === undefined,
      "/": search,
      j: () => move(1),
      k: () => move(-1),
      x: mark,
      "[": () => chooseCapability(entry, -1),
      "]": () => chooseCapability(entry, 1),
      Backspace: (event) => rate(entry, null, event),
      Delete: (event) => rate(entry, null, event),
    };
    for (let score = 0; score <= 5; score += 1) acts[score] = (event) => rate(entry, score, event);
    const leave = (by) => {
      const way = document.querySelector(by > 0 ? ".st-key-sample-after button" : ".st-key-sample-before button");
      if (way && !way.disabled) Object.assign(entry, { left: shown(), leftAt: Date.now() });
    };
    // Arrows scroll the page and move sliders; they are taken only where nothing on the page has the focus and a grid waits for it.
    const nothing = () => document.activeElement === document.body || document.activeElement?.closest('[data-testid="stSidebarNav"]');
    const idle = () => nothing() && !opened() && stops()[0]?.matches(".tile");
    for (const key of ["ArrowRight", "ArrowDown"]) acts[key] = () => idle() && move(1);
    for (const key of ["ArrowLeft", "ArrowUp"]) acts[key] = () => idle() && move(-1);
    window.addEventListener(
      "keydown",
      (event) => {
        if (sheet.open) {
          if (event.key === "Escape" || event.key === "?") {
            event.preventDefault();
            sheet.close();
          }
          event.stopImmediatePropagation(); // Escape closes the sheet, and not the sample behind it
          return;
        }
        // Where a key needs the third level of the keyboard, as [ does on many, that counts as no modifier.
        const chord = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
        if (chord || event.isComposing || event.defaultPrevented) return;
        const shifted = event.shiftKey && !/^[?/0-5[\]]$/.test(event.key);
        if (shifted || typing(event) || covered()) return;
        const way = { ArrowLeft: -1, ArrowRight: 1, j: 1, k: -1 }[event.key];
        if (way && opened()) leave(way);
        if (acts[event.key]?.(event)) event.preventDefault();
      },
      { signal: here.leaving.signal, capture: true },
    );
    living.set(parentElement, here);
  }
  here.tell = setTriggerValue;
  here.data = data;
  if (data.told && here.told !== data.told.at) {
    if (!opened() && Math.abs(Date.now() - data.told.at) < PATIENCE_MS) say(here.pill, data.told.text); // not again at a reload
    here.told = data.told.at;
  }
  return () => {
    here.leaving.abort();
    here.pill.remove();
    here.button.remove();
    here.sheet.remove();
    living.delete(parentElement);
  };
}
