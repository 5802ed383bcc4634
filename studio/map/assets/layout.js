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
  move: "M8 2v12M2 8h12M6.2 3.8 8 2l1.8 1.8M6.2 12.2 8 14l1.8-1.8M3.8 6.2 2 8l1.8 1.8M12.2 6.2 14 8l-1.8 1.8",
  box: "M3 5.5V3h2.5M7 3h2M10.5 3H13v2.5M13 7v2M13 10.5V13h-2.5M9 13H7M5.5 13H3v-2.5M3 9V7",
  lasso: "M5.6 10.2C3.7 9.7 2.5 8.5 2.5 7c0-2.3 2.5-4 5.5-4s5.5 1.7 5.5 4-2.5 3.9-5.5 3.9M8 10.9c0 1-.8 1.6-1.7 1.4s-1.2-1.3-.7-2.1 2.4-.4 2.4.7zM7.3 12c.2.9-.3 1.7-1.3 2",
  clear: "M4 4l8 8M12 4l-8 8",
  png: "M8 2.5v7M5.2 7 8 9.8 10.8 7M3 11.5V13.5h10v-2",
};

const KEYS =
  "Arrow keys move the picture, plus and minus zoom, 0 shows all. B draws a box, L a lasso, V moves again; Enter selects what is in view, Escape clears the selection.";
const SVG = "http://www.w3.org/2000/svg";

/** Set only another text than before: what stays as it is is no change of the page. */
export function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function tool(name, label) {
  const button = make("button", "tool");
  button.type = "button";
  button.title = label;
  button.setAttribute("aria-label", label);
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  icon.append(path);
  button.append(icon);
  return button;
}

/**
 * One line of the legend: a dot, a name and a number; a button when it can be clicked. Such a line has a thin bar too, its share
 * of what is kept in front of its share of the pool.
 */
export function swatch(name, colour, click = null) {
  const dot = make("span", "dot");
  dot.style.background = colour;
  const number = make("span", "number");
  const ghost = make("i", "ghost");
  const shown = make("i", "shown");
  shown.style.background = colour;
  const bar = make("span", "bar", ghost, shown);
  const row = make(click === null ? "div" : "button", "entry", dot, make("span", "name", name), bar, number);
  if (click !== null) {
    row.type = "button";
    row.addEventListener("click", click);
  }
  return { name, colour, row, number, bar, ghost, shown };
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
  const modes = {
    move: tool("move", "Move the picture (V)"),
    box: tool("box", "Select with a box (B, or Shift and drag); Enter selects what is in view"),
    lasso: tool("lasso", "Select with a lasso (L)"),
  };
  const png = tool("png", "Save the picture as PNG");
  const group = (label, ...buttons) => {
    const made = make("div", "tool-group", ...buttons);
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", label);
    return made;
  };
  const tools = make(
    "div",
    "tools",
    colourLabel,
    group("What dragging does", ...Object.values(modes)),
    group("View", closer, farther, fit, png),
  );
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
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "drawn");
  drawn.setAttribute("aria-hidden", "true");
  const outline = document.createElementNS(SVG, "polygon");
  drawn.append(outline);
  const pickedText = make("span", "");
  pickedText.setAttribute("role", "status");
  const unpick = tool("clear", "Clear the selection (Escape)");
  const picked = make("div", "picked", pickedText, unpick);
  picked.hidden = true;
  const keys = make("p", "keys", KEYS);
  keys.id = "map-keys";
  canvas.setAttribute("aria-describedby", keys.id);
  const stage = make("div", "stage", canvas, few, drawn, legend, tools, foot, picked, ring, tip, cover);

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

  const root = make("div", "winnow-map", stage, controls, spoken, keys);
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
      write(label, row.label);
      value.dataset.figure = row.label;
      write(value, row.text);
      item.title = row.hint;
    });
  }

  return {
    root, stage, canvas, legend, colourBy, colourLabel, tools, modes, foot, few, drawn, outline, picked, pickedText, unpick, closer,
    farther, fit, png, badge, caption, note, ring, tip, cover, coverText, coverFix, again, controls, slider, spoken, showFigures,
  };
}
