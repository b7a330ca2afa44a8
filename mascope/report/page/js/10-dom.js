// Building what is shown. Texts get in as text nodes only, so nothing that a model wrote can act.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element: `el("a", {class: "x", href: "#y", onclick: f}, "text", child)`. What is null is left out. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : wellFormed(String(value)));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Somebody else's words: their direction ends where they end. */
const said = (text, attributes = {}) => el("bdi", { dir: "auto", ...attributes }, seen(text));

/** What an address can hold: half a character, which models do produce, becomes its replacement sign. */
const wellFormed = (text) =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");

/** Text with what would turn, hide or vanish made visible: NUL and other controls, and marks of direction. */
const seen = (text) =>
  wellFormed(String(text)).replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (sign) => `\u27e8U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`,
  );

const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function download(name, type, content) {
  const link = el("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Calls `f` once it has not been called for a while. */
function settled(f, wait = 250) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...given), wait);
  };
}

/** Calls `f` whenever the page is about to be laid out for paper. */
function beforePaper(f) {
  addEventListener("beforeprint", f);
  matchMedia("print").addEventListener("change", (paper) => paper.matches && f());
}

/** Lower case for finding places: a text keeps its length, which a few letters (İ) would change. */
function folded(text) {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : Array.from({ length: text.length }, (_, n) => (text[n].toLowerCase().length === 1 ? text[n].toLowerCase() : text[n])).join("");
}

const idle = (f) => (window.requestIdleCallback ?? ((g) => setTimeout(g, 30)))(f);
