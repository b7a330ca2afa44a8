// Figures: drawn as they come near, the rest when there is time, so that the page prints whole.

const drawn = new Map();

async function drawFigure(card) {
  const name = card.dataset.figure;
  if (drawn.has(name)) return;
  drawn.set(name, null);
  const place = $(".chart", card);
  const { title, ...spec } = await part(`figure-${name}`); // the title stands above it
  try {
    drawn.set(name, await embedded(place, spec, isDark() ? "dark" : "light"));
    fitFigure(place);
  } catch (error) {
    place.replaceChildren(el("p", { class: "problem" }, `This figure could not be drawn: ${error.message}`));
  }
}

async function embedded(place, spec, theme) {
  const config = structuredClone(ABOUT.themes[theme]);
  // `ast` has expressions interpreted instead of compiled, which the content-security policy forbids.
  const options = { mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false };
  return (await vegaEmbed(place, structuredClone(spec), { ...options, config, tooltip: figureTip })).view;
}

/** Wide figures shrink with the page, but not below what can be read: then they scroll in their place. */
function fitFigure(place) {
  const svg = $("svg", place);
  if (!svg) return;
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", $("h3", place.closest("figure")).textContent);
  svg.style.minWidth = `${Math.min(svg.viewBox.baseVal.width || svg.clientWidth, 560)}px`;
}

function redrawFigures() {
  const cards = $$("figure[data-figure]").filter((card) => drawn.get(card.dataset.figure));
  for (const card of cards) {
    drawn.get(card.dataset.figure).finalize();
    drawn.delete(card.dataset.figure);
    drawFigure(card);
  }
}

/** As for a paper: on white, with the title, which says so where it is simulated. */
async function saveFigure(card, format) {
  const name = card.dataset.figure;
  const paper = el("div", { class: "paper", "aria-hidden": "true" }); // figures as wide as their place need one
  document.body.append(paper);
  const view = await embedded(paper, { ...(await part(`figure-${name}`)), background: "white" }, "light");
  if (format === "svg") download(`${name}.svg`, "image/svg+xml", await view.toSVG());
  else (await view.toCanvas(3)).toBlob((blob) => download(`${name}.png`, "image/png", blob));
  view.finalize();
  paper.remove();
}

function startFigures() {
  const cards = $$("figure[data-figure]");
  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => drawFigure(entry.target)),
    { rootMargin: "600px" },
  );
  const rest = [...cards];
  const next = () => rest.length && drawFigure(rest.shift()).then(() => idle(next));
  for (const card of cards) {
    near.observe(card);
    for (const button of $$("button[data-save]", card))
      button.addEventListener("click", () => saveFigure(card, button.dataset.save));
  }
  idle(next);
}
