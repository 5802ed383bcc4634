/**
 * The picture as a PNG of twice the pixels: the map anew, sharper, with its legend, and under it what is kept and what is shown.
 */

import { PlainPicture } from "./compose.js";
import { Raster, SLICES } from "./raster.js";

const TIMES = 2;
const NAME = "winnow-map.png";
const STRIP_PX = 58; // under the picture: the budget's line and the caption

export async function savePicture(map) {
  const canvas = drawn(map);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function drawn(map) {
  const { stage } = map.parts;
  const width = stage.clientWidth * TIMES;
  const height = stage.clientHeight * TIMES;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height + STRIP_PX * TIMES;
  const more = TIMES / map.density;
  const { scale, left, top } = map.placement();
  const placement = { scale: scale * more, left: left * more, top: top * more };
  const size = Math.max(1, Math.round(map.pointSize() * more));
  const raster = new Raster();
  raster.resize(width, height, size + 1);
  raster.fill(map.places, map.ranks, placement, size, map.data.maximum, map.legend.visible());
  // The processor draws it: once, at a size WebGL may not offer, and on a canvas that takes text.
  const picture = new PlainPicture(canvas);
  picture.load(raster, ...map.facts(raster));
  picture.draw(map.budget, (SLICES * map.budget) / Math.max(1, map.data.maximum), map.colours);
  const context = canvas.getContext("2d");
  context.scale(TIMES, TIMES);
  outlineOf(map, context);
  legendOf(map, context);
  stripOf(map, context, width / TIMES, height / TIMES);
  return canvas;
}

function styleOf(map) {
  const style = getComputedStyle(map.root);
  const named = (name) => style.getPropertyValue(name).trim();
  const ground = map.colours.background.map((part) => Math.round(255 * part)).join(" ");
  // Computed colours: what the stylesheet mixes is read from an element that has it.
  const quiet = getComputedStyle(map.parts.caption).color;
  return { font: style.fontFamily, ink: style.color, quiet, kept: named("--kept"), ground: `rgb(${ground})`, panel: `rgb(${ground} / 88%)` };
}

function outlineOf(map, context) {
  const { corners } = map.selection;
  if (corners === null) {
    return;
  }
  const { scale, left, top } = map.placement();
  context.beginPath();
  for (let at = 0; at < corners.length; at += 2) {
    context.lineTo((corners[at] * scale + left) / map.density, (corners[at + 1] * scale + top) / map.density);
  }
  context.closePath();
  context.lineWidth = 1.5;
  context.strokeStyle = styleOf(map).kept;
  context.stroke();
}

function legendOf(map, context) {
  const { ink, quiet, kept, panel, font } = styleOf(map);
  const line = 19;
  const lines = map.legend.entries
    .map((entry, position) => ({ ...entry, text: entry.number.textContent, hidden: map.legend.hidden.has(position) }))
    .filter((entry) => !entry.hidden);
  context.font = `13px ${font}`;
  const wide = (key) => Math.max(0, ...lines.map((entry) => context.measureText(entry[key]).width));
  const [names, numbers] = [wide("name"), wide("text")];
  context.fillStyle = panel;
  context.beginPath();
  context.roundRect(10, 10, names + numbers + 50, lines.length * line + 12, 6);
  context.fill();
  context.textBaseline = "middle";
  lines.forEach(({ name, text, colour }, position) => {
    const y = 16 + (position + 0.5) * line;
    const pool = map.colours.pool.map((part) => Math.round(255 * part)).join(" ");
    context.fillStyle = { "var(--kept)": kept, "var(--pool)": `rgb(${pool})` }[colour] ?? colour;
    context.beginPath();
    context.arc(22, y, 4.5, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = ink;
    context.fillText(name, 34, y);
    context.fillStyle = quiet;
    context.textAlign = "right";
    context.fillText(text, 34 + names + 16 + numbers, y);
    context.textAlign = "left";
  });
}

function stripOf(map, context, width, height) {
  const { ink, quiet, ground, font } = styleOf(map);
  const { data, legend, slider, parts, selection } = map;
  context.fillStyle = ground;
  context.fillRect(0, height, width, STRIP_PX);
  context.textBaseline = "alphabetic";
  context.fillStyle = ink;
  context.font = `600 15px ${font}`;
  const about = data.approximate ? " Approximate." : "";
  context.fillText(data.slider ? `${slider.spoken}${about}` : legend.chosen.label, 14, height + 24, width - 28);
  context.fillStyle = quiet;
  context.font = `13px ${font}`;
  const chosen = selection.corners === null ? [] : [parts.pickedText.textContent];
  const said = [data.caption, `coloured by ${legend.chosen.label}`, ...chosen].filter(Boolean).join(" · ");
  context.fillText(said, 14, height + 45, width - 28);
}
