// A drawing made of our own SVG, with a hover over everything that carries data-tip. The SVG's texts are escaped where it is made.
export default function ({ data, parentElement }) {
  let root = parentElement.querySelector(".root");
  if (root && root.dataset.seen === data.svg) return;
  if (!root) {
    root = document.createElement("div");
    root.className = "root";
    parentElement.append(root);
  }
  root.dataset.seen = data.svg;
  const picture = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  picture.addEventListener("pointermove", (event) => {
    const over = event.target.closest("[data-tip]");
    tip.hidden = !over;
    if (!over) return;
    tip.textContent = over.dataset.tip;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - box.width - 8)}px`;
    tip.style.top = `${event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 16}px`;
  });
  picture.addEventListener("pointerleave", () => { tip.hidden = true; });
  root.replaceChildren(picture, tip);
}
