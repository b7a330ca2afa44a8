// One tooltip for the page: definitions of columns, and what lies under the pointer in a figure.

const tip = el("div", { id: "tip", role: "tooltip", hidden: true });
document.body.append(tip);

function showTip(content, x, y) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
  tip.style.top = `${y + height + 24 > innerHeight ? Math.max(8, y - height - 12) : y + 18}px`;
}

const hideTip = () => {
  tip.hidden = true;
};

/** Shows `text` while the pointer or the keyboard is on `node`. */
function explained(node, text) {
  const show = () => {
    const box = node.getBoundingClientRect();
    showTip([text], box.left, box.bottom - 8);
  };
  node.addEventListener("pointerenter", show);
  node.addEventListener("focus", show);
  node.addEventListener("pointerleave", hideTip);
  node.addEventListener("blur", hideTip);
  return node;
}

/** Vega's tooltip: what it gives is shown as text. */
function figureTip(handler, event, item, value) {
  if (value === null || value === undefined || value === "") return hideTip();
  const rows =
    typeof value === "object"
      ? Object.entries(value).map(([name, cell]) => el("tr", {}, el("th", {}, seen(name)), el("td", {}, seen(cell))))
      : [el("tr", {}, el("td", {}, seen(value)))];
  return showTip([el("table", {}, ...rows)], event.clientX + 12, event.clientY);
}
