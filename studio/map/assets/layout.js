/**
 * The elements of the budget map, built once; everything they say is set as text, never as markup.
 */

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

const ICONS = {
  closer: "M8 3v10M3 8h10",
  farther: "M3 8h10",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
};

function tool(name, label) {
  const button = make("button", "tool");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  icon.append(path);
  button.append(icon);
  return button;
}

/** One line of the legend: a dot, a name and a number; a button when it can be clicked. */
export function swatch(name, colour, click = null) {
  const dot = make("span", "dot");
  dot.style.background = colour;
  const number = make("span", "number");
  const row = make(click === null ? "div" : "button", "entry", dot, make("span", "name", name), number);
  if (click !== null) {
    row.type = "button";
    row.title = `Show or hide ${name}`;
    row.addEventListener("click", click);
  }
  return { row, number };
}

export function build(parent) {
  const canvas = make("canvas", "picture");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Map of the samples: similar ones lie together, kept ones are highlighted");
  const legend = make("div", "legend");
  const colourBy = make("select", "colour-by");
  colourBy.setAttribute("aria-label", "Colour by");
  const colourLabel = make("label", "colour-label", make("span", "", "Colour"), colourBy);
  const closer = tool("closer", "Zoom in (+)");
  const farther = tool("farther", "Zoom out (-)");
  const fit = tool("fit", "Show all (0)");
  const tools = make("div", "tools", colourLabel, make("div", "tool-group", closer, farther, fit));
  const badge = make("span", "badge", "approximate");
  badge.hidden = true;
  const caption = make("span", "caption");
  const note = make("span", "caption", "Drawn without WebGL");
  note.title = "This browser offers no WebGL2, so the processor draws the picture: slower, otherwise the same.";
  note.hidden = true;
  const foot = make("div", "foot", badge, caption, note);
  const few = make("div", "few");
  const ring = make("div", "ring");
  ring.hidden = true;
  const tip = make("div", "tip");
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  const coverText = make("p", "cover-text");
  const coverFix = make("p", "cover-fix");
  const again = make("button", "again", "Load again");
  again.type = "button";
  const cover = make("div", "cover", make("div", "spinner"), coverText, coverFix, again);
  cover.setAttribute("role", "status");
  cover.hidden = true;
  const stage = make("div", "stage", canvas, few, legend, tools, foot, ring, tip, cover);

  const slider = make("input", "budget");
  slider.type = "range";
  slider.step = 1;
  slider.setAttribute("aria-label", "Budget in samples");
  slider.title = "Arrow keys move by 1 %, with Shift by one sample; Page Up and Page Down by 10 %";
  const ticks = make("div", "ticks", ...["0", "25", "50", "75", "100\u202f%"].map((text) => make("span", "", text)));
  ticks.setAttribute("aria-hidden", "true");
  const figures = make("dl", "figures");
  const controls = make("div", "controls", make("div", "slide", slider, ticks), figures);
  const spoken = make("p", "spoken");
  spoken.setAttribute("aria-live", "polite");

  const root = make("div", "winnow-map", stage, controls, spoken);
  root.style.visibility = "hidden"; // map.css makes it visible: nothing is shown before it is styled
  parent.append(root);

  /** rows: [{label, text, hint}]; elements are reused, since this runs in every frame of a drag. */
  function showFigures(rows) {
    while (figures.children.length > rows.length) {
      figures.lastChild.remove();
    }
    rows.forEach((row, position) => {
      let item = figures.children[position];
      if (item === undefined) {
        item = make("div", "figure", make("dt", ""), make("dd", ""));
        figures.append(item);
      }
      const [label, value] = item.children;
      if (label.textContent !== row.label) {
        label.textContent = row.label;
        value.dataset.figure = row.label;
      }
      if (value.textContent !== row.text) {
        value.textContent = row.text;
      }
      item.title = row.hint;
    });
  }

  return {
    root, stage, canvas, legend, colourBy, colourLabel, tools, foot, few, closer, farther, fit, badge, caption, note, ring, tip,
    cover, coverText, coverFix, again, controls, slider, spoken, showFigures,
  };
}
