// The scores of an opened sample, to be rated: a line over the picture with the chosen capability, and rows with all of them.
// Which capability is chosen is kept for the tab, so that one capability can be rated over many samples.
const CHOSEN = "winnow.capability";
const CHOOSE = "winnow-choose"; // somebody chose a capability; detail: its key
const RATE = "winnow-rate"; // a digit was pressed; detail: {score, taken}, and `taken` is set by who acts on it

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(name, text, says) {
  const element = make("button", name, text);
  element.type = "button";
  if (says) element.title = says;
  return element;
}

function chosen(rows) {
  const key = sessionStorage.getItem(CHOSEN);
  return rows.find((row) => row.key === key) || rows[0];
}

function choose(key) {
  sessionStorage.setItem(CHOSEN, key);
  window.dispatchEvent(new CustomEvent(CHOOSE, { detail: key }));
}

/** The six places of a score; a click on one gives it, a click on one's own takes it back. */
function cells(row, rate) {
  const box = make("div", "cells");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `Rate ${row.name}`);
  for (let score = 0; score <= 5; score += 1) {
    const mine = row.mine === score;
    const cell = button("cell", String(score), mine ? `Take back ${score}` : `Rate ${row.name} ${score}`);
    cell.tabIndex = -1;
    cell.setAttribute("aria-label", cell.title);
    cell.setAttribute("aria-pressed", String(mine));
    cell.classList.toggle("zero", score === 0);
    cell.classList.toggle("upto", score > 0 && row.place !== null && score <= row.place);
    cell.classList.toggle("mine", mine);
    cell.addEventListener("click", () => {
      choose(row.key);
      rate(row.key, mine ? null : score);
    });
    box.append(cell);
  }
  return box;
}

function badge(row) {
  const shown = make("span", `badge${row.people || row.mine !== null ? " people" : ""}`, row.badge);
  shown.title = row.more.join("\n");
  return shown;
}

function score(row) {
  return make("span", "score", row.score ?? "–");
}

function tip(row) {
  const box = make("div", "tip", row.name);
  const list = make("dl");
  for (const [anchor, says] of row.rubric) list.append(make("dt", "", String(anchor)), make("dd", "", says));
  box.append(list);
  for (const more of row.more) box.append(make("p", "", more));
  return box;
}

function rowsOf(data, rate) {
  const list = make("div", "rows");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "Scores by capability");
  for (const row of data.rows) {
    const line = make("div", `row${row.score === null ? " missing" : ""}${row.people ? " rated" : ""}`);
    line.dataset.key = row.key;
    const name = button("name", row.name);
    name.setAttribute("aria-label", `${row.name}: ${row.score ?? "not scored"}, ${row.badge}`);
    name.addEventListener("click", () => choose(row.key));
    line.append(name, cells(row, rate), score(row), badge(row), tip(row));
    line.addEventListener("click", (event) => event.target.closest("button") || choose(row.key));
    list.append(line);
  }
  list.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const names = [...list.querySelectorAll(".name")];
    const next = by && event.target.matches(".name") ? names[names.indexOf(event.target) + by] : undefined;
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    choose(next.parentElement.dataset.key);
    next.focus();
  });
  return list;
}

function lineOf(data, rate) {
  const row = chosen(data.rows);
  const place = data.rows.indexOf(row);
  const line = make("div", `line${row.score === null ? " missing" : ""}`);
  line.dataset.key = row.key;
  const choosing = make("div", "choose");
  const step = (by, sign, says) => {
    const element = button("step", sign, says);
    element.setAttribute("aria-label", says);
    element.addEventListener("click", () => choose(data.rows[(place + by + data.rows.length) % data.rows.length].key));
    return element;
  };
  const name = make("span", "name", row.name);
  name.setAttribute("aria-live", "polite");
  choosing.append(step(-1, "‹", "Previous capability ([)"), name, step(1, "›", "Next capability (])"));
  const hint = make("span", "hint");
  hint.append(make("kbd", "", "0"), "–", make("kbd", "", "5"), " rate  ", make("kbd", "", "["), make("kbd", "", "]"), " capability");
  line.append(choosing, cells(row, rate), score(row), badge(row));
  if (row.below) line.append(make("span", "below", `before: ${row.below}`));
  line.append(hint);
  return line;
}

/** Show which capability is chosen: in the rows a mark, on the line the capability itself. */
function mark(here) {
  const { data, root } = here;
  if (data.shape === "line") {
    const focused = root.getRootNode().activeElement;
    const place = focused ? [...root.querySelectorAll(".step")].indexOf(focused) : -1;
    root.replaceChildren(lineOf(data, here.rate));
    if (place >= 0) root.querySelectorAll(".step")[place].focus();
    return;
  }
  const { key } = chosen(data.rows);
  for (const line of root.querySelectorAll(".row")) {
    const current = line.dataset.key === key;
    line.classList.toggle("current", current);
    line.querySelector(".name").tabIndex = current ? 0 : -1;
    line.querySelector(".name").setAttribute("aria-current", String(current));
  }
}

const living = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let here = living.get(parentElement);
  if (here === undefined) {
    const root = make("div", "root");
    parentElement.append(root);
    const leaving = new AbortController();
    here = { root, leaving, seen: "" };
    here.rate = (capability, value) => {
      const cell = root.querySelectorAll(`[data-key="${capability}"] .cell`)[value ?? here.data.rows.find((row) => row.key === capability).mine];
      cell?.classList.add("asked"); // until the answer is drawn
      here.tell("rated", { sample_id: here.data.sample_id, capability, score: value, at: Date.now() });
    };
    const on = { signal: leaving.signal };
    window.addEventListener(CHOOSE, () => mark(here), on);
    if (data.shape === "line") {
      window.addEventListener(
        RATE,
        (event) => {
          event.detail.taken = true;
          here.rate(chosen(here.data.rows).key, event.detail.score);
        },
        on,
      );
    }
    living.set(parentElement, here);
  }
  here.data = data;
  here.tell = setTriggerValue;
  const seen = JSON.stringify(data);
  if (here.seen !== seen) {
    here.seen = seen;
    const focused = here.root.getRootNode().activeElement?.closest?.(".row")?.dataset.key;
    if (data.shape === "rows") here.root.replaceChildren(rowsOf(data, here.rate));
    mark(here);
    if (focused) here.root.querySelector(`[data-key="${focused}"] .name`)?.focus();
  }
  for (const cell of here.root.querySelectorAll(".asked")) cell.classList.remove("asked");
  if (data.shape === "line") document.documentElement.dataset.winnowRated = data.sample_id; // keys.js asks whose scores are seen
  return () => {
    here.leaving.abort();
    here.root.remove();
    living.delete(parentElement);
  };
}
