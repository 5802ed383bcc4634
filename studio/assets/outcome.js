// What a budget makes of the pool: figures, distances, one distribution at a time. It follows the map's slider without a run of the
// page: while that is held from a table of cuts, and exactly from the server when it is let go.
const SPACE = "\u202f";
const DISTANCES = [["source", "sources"], ["style", "styles"], ["tag", "tags"], ["capability", "skills"]];
const MOST_SCORE = 5;
const KEPT_READINGS = 40;
const living = new WeakMap();

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Only what is another text than before: a figure that stays the same is no change of the page. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const count = (value) => value.toLocaleString("en");
const percent = (part) => (part === null ? "–" : `${(100 * part).toFixed(1)}${SPACE}%`);
const plain = (part) => (part === null ? "–" : (100 * part).toFixed(1));
const score = (value) => (value === null ? "–" : value.toFixed(2));

async function json(url, signal) {
  const response = await fetch(new URL(url, window.location.href), { signal, credentials: "same-origin" });
  if (!response.ok || !(response.headers.get("content-type") ?? "").startsWith("application/json")) {
    throw new Error(`The server answered ${response.status} for ${url}.`);
  }
  return response.json();
}

/** The place of `num` among the cuts: the one below it, and how far it is to the next. */
function between(cuts, num) {
  let low = 0;
  let high = cuts.length - 1;
  if (num >= cuts[high]) return [high, high, 0];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (cuts[middle] <= num) low = middle;
    else high = middle;
  }
  return [low, high, (num - cuts[low]) / (cuts[high] - cuts[low])];
}

function mix(low, high, part) {
  if (low === null || high === null) return part < 0.5 ? low : high;
  return low + part * (high - low);
}

/** What the table of cuts says of the first `num` samples: straight lines between two cuts. */
function reading(table, groups, num) {
  const [low, high, part] = between(table.cuts, num);
  const found = { num: Math.min(num, table.cuts.at(-1)), distances: {} };
  for (const key of Object.keys(table.distances[low])) {
    found.distances[key] = mix(table.distances[low][key], table.distances[high][key], part);
  }
  for (const { key, scored } of groups) {
    found[key] = table[key][low].map((value, index) => {
      const mixed = mix(value, table[key][high][index], part);
      return scored || mixed === null ? mixed : Math.round(mixed);
    });
  }
  return found;
}

class Outcome {
  constructor(parent) {
    this.root = make("div", "root");
    this.kept = this.figure("samples kept");
    this.clusters = this.figure("clusters covered");
    this.more = make("em");
    this.kept.label.append(" ", this.more);
    this.sign = make("span", "sign");
    this.sign.setAttribute("role", "status");
    const heading = make("div", "section");
    heading.setAttribute("role", "heading");
    heading.setAttribute("aria-level", "2");
    heading.append("Distance from the pool", make("small", "", "total variation in %"), this.sign);
    this.far = DISTANCES.map(([, label]) => this.figure(label));
    this.tabs = make("div", "tabs");
    this.tabs.setAttribute("role", "tablist");
    this.tabs.setAttribute("aria-label", "Distribution of");
    this.problem = make("p", "problem");
    this.problem.hidden = true;
    this.wrap = make("div", "wrap");
    this.wrap.id = "outcome-spread";
    this.wrap.tabIndex = 0; // it scrolls
    this.wrap.setAttribute("role", "tabpanel");
    const row = (...figures) => {
      const box = make("div", "figures");
      box.append(...figures.map((one) => one.box));
      return box;
    };
    this.root.append(row(this.kept, this.clusters), heading, row(...this.far), this.tabs, this.wrap, this.problem);
    parent.append(this.root);
    this.pool = null;
    this.table = null;
    this.exact = new Map(); // URL to what the server said
    this.lines = [];
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    window.addEventListener("winnow-budget", (event) => this.follow(event.detail), { signal });
    this.tabs.addEventListener("keydown", (event) => this.step(event), { signal });
  }

  figure(label) {
    const box = make("div", "figure");
    const number = make("b", "", "–");
    const says = make("span", "", label);
    box.append(number, says);
    return { box, number, label: says };
  }

  /** What the page says in a run. */
  update(data, tell) {
    const other = this.data?.url !== data.url;
    this.data = data;
    this.tell = tell;
    write(this.more, `of ${count(data.num_pool)}`);
    if (this.chosen === undefined || data.shown !== this.told) {
      this.chosen = this.told = data.shown;
      this.markTab();
    }
    if (other) {
      this.table = null;
      this.read = null;
      this.asked = null;
      this.budget = data.num;
      this.fetchPool();
      // An order that is for one budget only has another table after each release: it is fetched when somebody drags.
      if (!data.until_done) this.fetchTable();
    }
    if (this.held) this.between();
    else {
      this.budget = data.num;
      this.settle();
    }
  }

  /** What the pool holds and what it is called; the same for every order of it. */
  async fetchPool() {
    const { url } = this.data;
    const pool = await this.get(`${url}/pool.json`);
    if (pool === null || url !== this.data.url) return;
    if (JSON.stringify(pool) !== JSON.stringify(this.pool)) {
      this.pool = pool;
      this.offerTabs();
    }
    if (this.shown) this.show(this.shown);
  }

  /** Everything at a number of cuts, for dragging. */
  async fetchTable() {
    const { url } = this.data;
    if (this.asked === url) return;
    this.asked = url;
    const table = await this.get(`${url}/cuts.json`);
    if (table === null || url !== this.data.url) return;
    this.table = table;
    if (this.held) this.between();
  }

  /** What the server says, or null where it does not, which is told. */
  async get(url) {
    try {
      return await json(url, this.leaving.signal);
    } catch (error) {
      if (error.name !== "AbortError") this.fail("The studio does not give these figures. Reload the page.");
      return null;
    }
  }

  fail(text) {
    this.problem.hidden = text === "";
    write(this.problem, text);
  }

  /** The map's slider has moved, or was let go. */
  follow({ budget, held }) {
    if (this.data === undefined || (budget === this.budget && held === this.held)) return;
    this.budget = budget;
    this.held = held;
    if (held || this.data.until_done) this.between();
    else this.settle();
  }

  between() {
    const { until_done: untilDone } = this.data;
    if (untilDone && this.budget === this.data.num) {
      this.settle();
      return;
    }
    this.read = null;
    const why = untilDone || "While you drag: read between two of 256 cuts. Exact when you let go.";
    this.say(untilDone ? "approximate" : "between two cuts", why);
    if (this.table === null || this.pool === null) {
      this.fetchTable();
      return;
    }
    const read = reading(this.table, this.pool.groups, this.budget);
    // An order for one budget only ends there; what is kept at another is as many as that says.
    this.show(read, untilDone ? this.budget : read.num);
  }

  /** The budget rests: what the server counts, to the last sample. */
  async settle() {
    const { budget } = this;
    const url = `${this.data.url}/${budget}.json`;
    let found = this.exact.get(url);
    if (found === undefined) {
      found = await this.get(url);
      if (found === null) return;
      this.exact.set(url, found);
      if (this.exact.size > KEPT_READINGS) this.exact.delete(this.exact.keys().next().value);
    }
    if (budget !== this.budget || !url.startsWith(`${this.data.url}/`) || this.held) return;
    this.read = found;
    this.fail("");
    this.say("", "");
    this.show(found);
    window.dispatchEvent(new CustomEvent("winnow-totals", { detail: { url: this.data.url, budget, totals: found.totals } }));
  }

  say(text, why) {
    write(this.sign, text);
    this.sign.title = why;
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  /** `num` is what will be kept, where an order that is exact for one budget ends before the one dragged to. */
  show(read, num = read.num) {
    write(this.kept.number, count(num));
    write(this.clusters.number, percent(read.distances.clusters));
    DISTANCES.forEach(([key], index) => write(this.far[index].number, plain(read.distances[key])));
    this.root.dataset.num = read.num;
    this.root.dataset.exact = this.read === read;
    this.shown = read;
    if (this.pool === null) return;
    const group = this.pool.groups.find((one) => one.title === this.chosen) ?? this.pool.groups[0];
    if (this.drawn !== group) this.build(group);
    const ours = read[group.key];
    const theirs = this.pool.pool[group.key];
    const total = group.scored ? MOST_SCORE : Math.max(1, read.num);
    const whole = group.scored ? MOST_SCORE : Math.max(1, this.pool.num_pool);
    const part = (line) => Math.max((ours[line.index] ?? 0) / total, (theirs[line.index] ?? 0) / whole);
    const most = group.scored ? 1 : Math.max(1e-9, ...this.lines.map(part));
    for (const line of this.lines) {
      const [mine, pool] = [ours[line.index], theirs[line.index]];
      line.shown.style.width = `${(100 * (mine ?? 0)) / total / most}%`;
      line.ghost.style.width = `${(100 * (pool ?? 0)) / whole / most}%`;
      write(line.text, group.scored ? score(mine) : read.num === 0 ? "–" : percent(mine / total));
      write(line.last, group.scored ? score(pool) : count(mine));
    }
  }

  build(group) {
    this.drawn = group;
    const theirs = this.pool.pool[group.key];
    const order = group.names.map((_, index) => index);
    if (!group.scored) order.sort((a, b) => theirs[b] - theirs[a] || a - b);
    const head = make("tr");
    const titles = group.scored ? ["Capability", "Mean score", "Pool"] : [group.title.slice(0, -1), "Share", "Kept"];
    titles.forEach((title, index) => head.append(make("th", ["grow", "bar", "num"][index], title)));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    this.lines = order
      .filter((index) => group.scored || theirs[index] > 0)
      .map((index) => {
        const row = make("tr");
        const name = make("td", "grow", group.names[index]);
        name.title = group.names[index];
        const [ghost, shown] = [make("i", "ghost"), make("i", "shown")];
        const track = make("div", "track");
        track.append(ghost, shown);
        const text = make("span", "num");
        const bar = make("div", "barcell");
        bar.append(track, text);
        const cell = make("td", "bar");
        cell.append(bar);
        const last = make("td", "num");
        row.append(name, cell, last);
        body.append(row);
        return { index, ghost, shown, text, last };
      });
    const table = make("table");
    table.append(top, body);
    this.wrap.replaceChildren(table);
    this.wrap.scrollTop = 0;
  }

  offerTabs() {
    const titles = this.pool.groups.map((one) => one.title);
    this.tabs.replaceChildren(
      ...titles.map((title) => {
        const tab = make("button", "tab", title);
        tab.type = "button";
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", this.wrap.id);
        tab.addEventListener("click", () => this.choose(title));
        return tab;
      }),
    );
    this.drawn = null;
    this.markTab();
  }

  markTab() {
    this.wrap.setAttribute("aria-label", this.chosen);
    for (const tab of this.tabs.children) {
      const on = tab.textContent === this.chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
  }

  choose(title) {
    if (title === this.chosen) return;
    this.chosen = this.told = title; // at once; the page is only told so that it remembers
    this.markTab();
    if (this.shown) this.show(this.shown);
    this.tell("shown", title);
  }

  /** Arrow keys go from tab to tab, Home and End to the first and the last. */
  step(event) {
    const tabs = [...this.tabs.children];
    const now = tabs.findIndex((tab) => tab.textContent === this.chosen);
    const place = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    const next = tabs[(place + tabs.length) % tabs.length];
    next.focus();
    this.choose(next.textContent);
  }

  dispose() {
    this.leaving.abort();
    this.root.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let outcome = living.get(parentElement);
  if (outcome === undefined) {
    outcome = new Outcome(parentElement);
    living.set(parentElement, outcome);
  }
  outcome.update(data, setTriggerValue);
  return () => {
    outcome.dispose();
    living.delete(parentElement);
  };
}
