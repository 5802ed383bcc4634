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

const living = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let here = living.get(parentElement);
  if (here === undefined) {
    const button = make("button", "hint");
    button.type = "button";
    button.append(make("span", "", "Keyboard"), make("kbd", "", "?"));
    const sheet = sheetOf(data.sheet);
    here = { button, sheet, leaving: new AbortController() };
    button.addEventListener("click", () => sheet.showModal());
    parentElement.append(button, sheet);
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
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
        const act = acts[event.key];
        if (!act || (event.shiftKey && event.key !== "?" && event.key !== "/") || typing(event) || covered()) return;
        if (act()) event.preventDefault();
      },
      { signal: here.leaving.signal, capture: true },
    );
    living.set(parentElement, here);
  }
  here.tell = setTriggerValue;
  return () => {
    here.leaving.abort();
    here.button.remove();
    here.sheet.remove();
    living.delete(parentElement);
  };
}
