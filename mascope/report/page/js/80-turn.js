// One turn of a discussion: what was said, what every coder made of it, and how it came about.

const LONG = 20_000; // characters from which a text is shown in part

function turnCard(run, number, place, query) {
  const turn = run.turns[number];
  const failed = turn.kind === "failure" || turn.kind === "fault";
  return el(
    "article",
    {
      class: `turn ${turn.kind} seat-${seat(run, turn) % 8}`,
      tabindex: -1,
      "data-place": place,
      "data-message": turn.id,
      "aria-label": `${turn.name}, round ${turn.round}`,
    },
    turnHead(run, turn),
    turn.announced && el("p", { class: "notice" }, "The others read before it: ", said(turn.announced)),
    failed ? failure(turn) : message(turn, query),
    turn.codes || turn.labels ? codes(turn) : null,
    later(failed ? "How it came about" : "What it saw, and how it came about", () => background(run, turn)),
  );
}

const agentOf = (run, turn) => run.agents.find((agent) => agent.id === turn.agent);
const seat = (run, turn) => agentOf(run, turn)?.seat ?? 0;

function turnHead(run, turn) {
  const agent = agentOf(run, turn);
  return el(
    "header",
    {},
    el("span", { class: "badge", "aria-hidden": "true", title: `Seat ${seat(run, turn) + 1}` }, seat(run, turn) + 1),
    el("strong", {}, said(turn.name)),
    agent && agent.label !== turn.name && el("span", { class: "model" }, said(agent.label)),
    el("span", { class: "round" }, `round ${turn.round}`),
    el("a", { class: "permanent", href: messageAddress(turn.id), title: "Permanent link to this turn" }, "link"),
  );
}

function failure(turn) {
  const asked = turn.kind === "fault" ? "asked for by the study" : "nobody asked for it";
  return el(
    "div",
    { class: "text" },
    el("p", {}, el("b", {}, "No message: ", said(turn.failed)), ` (${asked})`),
    turn.detail && el("p", { class: "detail" }, said(turn.detail)),
    el("p", { class: "notice" }, ...(turn.told ? ["The others were told: ", said(turn.told)] : ["The others saw nothing of it."])),
  );
}

function message(turn, query) {
  if (turn.kind === "empty" && !turn.text) return el("p", { class: "text nothing" }, "An empty answer.");
  const text = el("div", { class: "text", dir: "auto" });
  const show = (upTo) => text.replaceChildren(...highlighted(turn.text.slice(0, upTo), evidence(turn), query));
  show(LONG);
  const further = query && folded(turn.text).indexOf(folded(query), LONG - query.length) >= 0 ? ", in which there is more of what was searched for" : "";
  const all = `Show all ${turn.text.length.toLocaleString("en")} characters${further}`;
  const rest = turn.text.length > LONG && el("button", { type: "button", class: "more" }, all);
  if (rest) rest.addEventListener("click", () => (show(Infinity), rest.remove()));
  return el("div", {}, text, rest);
}

// Evidence -----------------------------------------------------------------------------------------------

const markOf = (mark) => (typeof mark === "string" ? { answer: mark } : mark);

/** What coders quoted: [{quote, said}]. */
function evidence(turn) {
  return Object.entries(turn.codes ?? {}).flatMap(([coder, verdict]) =>
    Object.entries(verdict.flags ?? {}).flatMap(([flag, mark]) => (mark?.quote ? [{ quote: mark.quote, said: `${flag}: ${coder}` }] : [])),
  );
}

/** Text with the quotations in it marked, and what was searched for. They may overlap. */
function highlighted(text, quotes, query) {
  const spans = quotes.flatMap(({ quote, said: by }) => occurrences(text, quote, 1).map((span) => ({ ...span, by })));
  if (query) spans.push(...occurrences(folded(text), folded(query), 500).map((span) => ({ ...span, found: true })));
  const cuts = [...new Set([0, text.length, ...spans.flatMap((span) => [span.from, span.to])])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, place) => {
    const inside = spans.filter((span) => span.from <= from && from < span.to);
    const piece = seen(text.slice(from, cuts[place + 1]));
    if (!inside.length) return piece;
    const by = inside.flatMap((span) => span.by ?? []);
    return el("mark", { class: by.length ? "quoted" : "found", title: by.length ? `Quoted for ${by.join(", ")}` : null }, piece);
  });
}

function occurrences(text, wanted, most) {
  const spans = [];
  for (let from = text.indexOf(wanted); wanted && from >= 0 && spans.length < most; from = text.indexOf(wanted, from + wanted.length))
    spans.push({ from, to: from + wanted.length });
  return spans;
}

// Codes --------------------------------------------------------------------------------------------------

const SAID = { yes: "yes", no: "no", unsure: "unsure" };

function codes(turn) {
  const shown = ABOUT.flags.map(({ name }) => chip(turn, name)).filter(Boolean);
  const chips = el("p", { class: "chips" }, ...(shown.length ? shown : [el("span", { class: "none" }, "no flag")]));
  return el("div", { class: "codes" }, chips, later("Coders", () => codeTable(turn)));
}

/** A flag that somebody says yes to, or whose label is undecided: with a sign, not by colour alone. */
function chip(turn, flag) {
  const answers = Object.values(turn.codes ?? {}).map((verdict) => markOf(verdict.flags?.[flag])?.answer);
  const [yes, no] = [answers.includes("yes"), answers.includes("no")];
  const label = turn.labels?.[flag];
  if (!yes && label !== "yes") return null;
  const state = yes && no ? "differ" : "agree";
  const sign = label === "yes" ? "✓" : state === "differ" ? "≠" : "?";
  const level = turn.levels?.[flag];
  const title = `${flag}: ${state === "differ" ? "the coders differ" : "nobody says no"}; label ${label ?? "undecided"}`;
  return el("span", { class: `chip ${label === "yes" ? "yes" : ""} ${state}`, title }, `${sign} ${flag}${level ? ` ${level}` : ""}`);
}

function codeTable(turn) {
  const coders = Object.keys(turn.codes ?? {});
  const head = ["flag", "label", ...coders].map((name) => el("th", { scope: "col" }, said(name)));
  const rows = ABOUT.flags.map(({ name }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", {}, turn.labels?.[name] ?? "–"),
      ...coders.map((coder) => el("td", {}, ...verdictCell(turn.codes[coder], name))),
    ),
  );
  const about = coders.map((coder) => aboutVerdict(coder, turn.codes[coder])).filter(Boolean);
  const table = el("table", { class: "verdicts" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  return el("div", {}, el("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "What the coders said" }, table), ...about);
}

function verdictCell(verdict, flag) {
  if (verdict.outcome !== "coding") return [verdict.outcome];
  const mark = markOf(verdict.flags?.[flag]);
  if (!mark) return ["–"];
  const rule = verdict.rules?.[flag];
  return [
    el("b", { class: `answer ${mark.answer}` }, SAID[mark.answer] ?? "–"),
    mark.level ? ` ${mark.level}` : null,
    mark.confidence === undefined || mark.confidence === null ? null : ` (${mark.confidence})`,
    rule ? el("span", { class: "rule" }, " by the rule ", said(rule)) : null,
    mark.quote ? el("q", {}, said(mark.quote)) : null,
  ].filter(Boolean);
}

const NOT_SAID = new Set(["outcome", "flags", "rules"]);

function aboutVerdict(coder, verdict) {
  const { usage, ...plain } = verdict;
  const rest = [...tokens(usage), ...Object.entries(plain).filter(([name]) => !NOT_SAID.has(name))];
  return rest.length ? el("p", { class: "about" }, el("b", {}, said(coder)), ": ", ...facts(rest)) : null;
}

// Background ---------------------------------------------------------------------------------------------

const BACKGROUND = [
  ...["model", "served_model", "finish_reason", "cost_usd", "latency_s", "attempts", "seed"],
  ...["layout", "fingerprint", "prompt_digest", "at", "copied_from"],
];

function background(run, turn) {
  const rest = [...tokens(turn.usage), ...BACKGROUND.filter((name) => name in turn).map((name) => [name, turn[name]])];
  return el(
    "div",
    { class: "background" },
    el("p", { class: "about" }, ...facts([["id", turn.id], ...rest])),
    turn.errors && part_("Attempts that failed", el("ol", {}, ...turn.errors.map((error) => el("li", {}, ...facts(Object.entries(error)))))),
    turn.changes && part_(`Changed by hygiene (${turn.changes.join(", ")}); as it arrived:`, longText(turn.raw ?? "", "As it arrived")),
    turn.reasoning && part_("Reasoning", longText(turn.reasoning, "Reasoning")),
    turn.kind !== "failure" && turn.kind !== "fault" && part_(saw(turn), sightings(run, turn.seen ?? [])),
    turn.cut && part_(`Cut from its context: ${plural(turn.cut.length, "turn")}`, sightings(run, turn.cut)),
  );
}

/** Who was imported without a prompt did not see nothing: it is not known what. */
function saw(turn) {
  if (turn.seen) return `Saw ${plural(turn.seen.length, "turn")}`;
  return turn.prompt_digest ? "Saw no turn before its own" : "What it saw is not on record";
}

const tokens = (usage) => Object.entries(usage ?? {}).flatMap(([name, count]) => (count === null ? [] : [[`${name} tokens`, count]]));
const part_ = (title, content) => el("section", {}, el("h5", {}, title), content);
const longText = (text, name) => el("div", { class: "raw", dir: "auto", tabindex: 0, role: "group", "aria-label": name }, seen(text));

function facts(pairs) {
  const plain = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
  const key = (name) => el("span", { class: "key" }, `${name} `);
  return pairs.flatMap(([name, value]) => [el("span", { class: "fact" }, key(name), said(plain(value))), " "]);
}

/** The turns in a prompt, in the order shown; each opens to its text. */
function sightings(run, ids) {
  return el("ol", { class: "sightings" }, ...ids.map((id) => el("li", {}, sighting(run, id))));
}

function sighting(run, id) {
  const turn = run.turns[id];
  if (!turn) return said(id);
  const link = () => el("a", { href: messageAddress(turn.id) }, "go there");
  return later([said(turn.id)], () => el("div", { class: "raw" }, said(turn.text ?? turn.told ?? ""), " ", link()));
}

/** Something that is built once it is opened. */
function later(title, build) {
  const box = el("details", { class: "later" }, el("summary", {}, ...[title].flat()));
  box.addEventListener("toggle", () => box.open && box.childElementCount === 1 && box.append(build()));
  return box;
}

function probeCard(probe) {
  const answer = probe.outcome === "answered" ? ["answered ", el("b", {}, said(probe.answer ?? ""))] : [probe.outcome];
  return el(
    "article",
    { class: "turn probe", "data-probe": probe.id },
    el(
      "header",
      {},
      el("span", { class: "badge", "aria-hidden": "true" }, "?"),
      el("strong", {}, said(probe.name)),
      el("span", { class: "model" }, "asked in private: ", said(probe.probe)),
    ),
    el("p", { class: "text" }, ...answer, probe.detail ? ` (${seen(probe.detail)})` : null),
    probe.text ? later("As it arrived", () => longText(probe.text, "As it arrived")) : null,
  );
}
