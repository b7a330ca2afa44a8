// Where the reader is: the report, or the transcripts with a filter. It stands in the address, so it can be sent.

const address = (filter) => {
  if ("message" in filter) return messageAddress(filter.message);
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(filter)) for (const value of [values].flat()) query.append(name, wellFormed(String(value)));
  return `#/transcripts${query.size ? `?${query}` : ""}`;
};
const messageAddress = (id) => `#/message/${encodeURIComponent(wellFormed(id))}`;

function replaceAddress(hash, quietly) {
  if (!quietly) location.hash = hash;
  else {
    history.replaceState(null, "", hash);
    route();
  }
}

let transcriptsView = null;
let leftAt = 0; // where the report was left
let leftFrom = null; // by which link

function showView(name) {
  const before = document.body.dataset.view;
  if (before === "report" && name !== "report") [leftAt, leftFrom] = [scrollY, document.activeElement];
  document.body.dataset.view = name;
  $("#report").hidden = name !== "report";
  $("#transcripts").hidden = name !== "transcripts";
  const link = $('nav a[href="#/transcripts"]');
  if (name === "transcripts") link?.setAttribute("aria-current", "page");
  else link?.removeAttribute("aria-current");
  $(".skip").textContent = `Skip to the ${name}`;
  if (before === name) return;
  // The keyboard goes along: to what is new, and on the way back to the link that was followed.
  (name === "report" ? leftFrom : $("#transcripts-title"))?.focus({ preventScroll: true });
  scrollTo(0, name === "report" ? leftAt : 0);
}

/** What an address says; as it stands where it is no proper escape, as a mistyped one may be. */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Past the bar, wherever the reader is: an address would lead out of the transcripts. */
function skip(event) {
  event.preventDefault();
  $(`#${document.body.dataset.view === "report" ? "overview" : "transcripts"}-title`).focus();
}

function route() {
  hideTip();
  const hash = location.hash;
  if (!hash.startsWith("#/") || !ABOUT.transcripts) {
    showView("report");
    const target = hash.length > 1 && document.getElementById(unescaped(hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
    return target && target.scrollIntoView();
  }
  showView("transcripts");
  transcriptsView ??= new Transcripts();
  const [path, query] = hash.slice(2).split(/\?(.*)/s);
  if (path.startsWith("message/")) return transcriptsView.show(null, unescaped(path.slice("message/".length)));
  return transcriptsView.show(new URLSearchParams(query ?? ""));
}

// Keyboard ------------------------------------------------------------------------------------------------

const writing = (node) => node.closest?.("input, select, textarea");

function key(event) {
  if (event.key === "Escape") {
    hideTip();
    if (writing(event.target)) event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  if (event.key === "/" && ABOUT.transcripts) {
    event.preventDefault();
    if (document.body.dataset.view !== "transcripts") location.hash = "#/transcripts";
    $("#filter-box").open = true;
    setTimeout(() => $("#search").focus());
  }
  const scrolls = event.key.startsWith("Arrow") && event.target.closest?.(".raw, .scroll, .sightings");
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step && document.body.dataset.view === "transcripts" && transcriptsView?.list && !scrolls) {
    event.preventDefault();
    transcriptsView.step(step);
  }
}

if (innerWidth < 640) $("#filter-box").open = false;
$(".skip").addEventListener("click", skip);
beforePaper(() => $$("details.references").forEach((box) => (box.open = true)));
startTheme();
startFigures();
startTables();
addEventListener("hashchange", route);
addEventListener("keydown", key);
addEventListener("scroll", hideTip, { passive: true });
route();
document.documentElement.dataset.ready = "yes";
