// Undo and redo: two buttons, and their keys everywhere on the page except where somebody is typing.
const ARROW = "M3.5 6.5h7a4 4 0 0 1 0 8H7M6.5 3.5l-3 3 3 3";

function button(name, mirrored) {
  const element = document.createElement("button");
  element.type = "button";
  element.dataset.act = name;
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 18");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ARROW);
  if (mirrored) path.setAttribute("transform", "matrix(-1 0 0 1 16 0)");
  icon.append(path);
  element.append(icon);
  return element;
}

const WRITTEN_IN = new Set(["text", "search", "url", "tel", "email", "password", "number", "date", "time", "datetime-local", "month", "week"]);

/** Whether a key belongs to a field of text: the browser undoes the typing there. */
function typing(event) {
  return event.composedPath().some((node) => {
    if (node.tagName === "INPUT") return WRITTEN_IN.has(node.type);
    return node.tagName === "TEXTAREA" || node.isContentEditable === true;
  });
}

/** The act a key stands for: Ctrl+Z (or Command) undoes; with Shift, or as Ctrl+Y, it does again. */
function actOf(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" && !event.shiftKey ? "redo" : null;
}

const living = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let bar = living.get(parentElement);
  if (bar === undefined) {
    const root = document.createElement("div");
    root.className = "root";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "History");
    bar = { root, undo: button("undo", false), redo: button("redo", true), leaving: new AbortController() };
    root.append(bar.undo, bar.redo);
    parentElement.append(root);
    const act = (name) => {
      if (!bar[name].disabled) bar.tell("act", { name, sequence: Date.now() });
    };
    root.addEventListener("click", (event) => {
      const pressed = event.target.closest("button");
      if (pressed) act(pressed.dataset.act);
    });
    document.addEventListener(
      "keydown",
      (event) => {
        const name = actOf(event);
        if (name === null || typing(event) || document.querySelector('[role="dialog"]')) return;
        event.preventDefault();
        act(name);
      },
      { signal: bar.leaving.signal },
    );
    living.set(parentElement, bar);
  }
  bar.tell = setTriggerValue;
  for (const [name, title, keys] of [["undo", "Undo", "Ctrl+Z"], ["redo", "Redo", "Ctrl+Shift+Z"]]) {
    const says = data[name];
    bar[name].disabled = says === null;
    bar[name].title = says === null ? data[`no_${name}`] : `${title}: ${says} (${keys})`;
    bar[name].setAttribute("aria-label", bar[name].title);
  }
  return () => {
    bar.leaving.abort();
    bar.root.remove();
    living.delete(parentElement);
  };
}
