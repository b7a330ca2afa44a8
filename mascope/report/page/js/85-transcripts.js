// The transcripts: filters, search, and the list of what they leave.

const FIELDS = ["series", "run", "round", "agent", "kind", "flag", "code", "level", "mark"];

class Transcripts {
  constructor() {
    this.form = $("#filters");
    this.list = null;
    this.asked = 0; // counts searches, so that an overtaken one shows nothing
    this.form.addEventListener("change", (event) => this.changed(event));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    $("#search").addEventListener("input", settled(() => this.changed({ target: $("#search") }), 350));
    beforePaper(() => this.sayWhatPrints());
    $("#clear").addEventListener("click", () => (location.hash = "#/transcripts"));
  }

  /** Shows what a filter leaves; with `message`, its run, at that message. */
  async show(filter, message = null) {
    const asked = ++this.asked;
    this.index ??= await index();
    if (message !== null) filter = new URLSearchParams({ run: wellFormed(this.runOf(message)?.run ?? "") });
    this.filter = filter;
    this.fillForm();
    const browsing = [...filter.keys()].length === 0;
    $("#runs").hidden = !browsing;
    this.list?.end();
    this.list = null;
    if (browsing) return this.showRuns();
    const turns = await this.found(asked);
    if (asked !== this.asked) return;
    this.showTurns(turns);
    if (message !== null) await this.go(message);
  }

  /** The run that a message's id begins with: the longest, since a run's name may begin with another's. */
  runOf(message) {
    const fits = this.index.runs.filter((run) => message.startsWith(`${wellFormed(run.run)}|`));
    return fits.sort((a, b) => b.run.length - a.run.length)[0];
  }

  async found(asked) {
    const turns = this.index.matching(this.filter);
    const query = folded(this.filter.get("q")?.trim() ?? "");
    return query ? this.searched(turns, query, asked) : turns;
  }

  /** Reads the transcripts of these turns one by one, and says how far it is. */
  async searched(turns, query, asked) {
    const byRun = grouped(turns, (turn) => this.index.run[turn]);
    const bar = el("progress", { max: byRun.size, value: 0 });
    const hits = [];
    let done = 0;
    for (const [number, those] of byRun) {
      if (asked !== this.asked) return hits;
      const run = await transcript(number);
      hits.push(...those.filter((turn) => holds(run.turns[turn - this.index.start[number]], query)));
      bar.value = ++done;
      if (done % 20 === 1) {
        this.say(`Searching ${done.toLocaleString("en")} of ${plural(byRun.size, "run")} `, bar);
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    return hits;
  }

  showTurns(turns) {
    const { index: all, filter } = this;
    const runs = new Set(turns.map((turn) => all.run[turn]));
    this.turns = turns;
    this.whole = filter.getAll("run").length === 1 && [...filter.keys()].length === 1;
    this.say(turns.length ? `${plural(turns.length, "turn")} in ${plural(runs.size, "run")}` : "Nothing fits these filters.");
    this.showNeighbours();
    this.list = new LongList($("#turns"), turns.length, (place) => this.item(place));
  }

  async item(place) {
    const turn = this.turns[place];
    const number = this.index.run[turn];
    try {
      const run = await transcript(number);
      const own = turn - this.index.start[number];
      Object.assign(run.turns[own], this.index.labelled(turn));
      const card = turnCard(run, own, place, this.filter.get("q")?.trim());
      return el("div", {}, ...this.headings(place, run), card, ...this.probes(place, run));
    } catch (error) {
      return el("p", { class: "problem" }, `This transcript could not be read: ${error.message}`);
    }
  }

  headings(place, run) {
    const [turn, before] = [this.turns[place], this.turns[place - 1]];
    const round = this.index.rounds[turn];
    const newRun = before === undefined || this.index.run[turn] !== this.index.run[before];
    const newRound = newRun || round !== this.index.rounds[before];
    const asked = newRun && this.whole ? run.probes.filter((probe) => probe.round === undefined) : [];
    const heading = newRound && el("h4", { class: "round-heading" }, `Round ${round}`);
    return [newRun && runHeading(run), ...asked.map(probeCard), heading];
  }

  /** Private answers stand where they were asked, if a run is shown whole: after the last turn of a round. */
  probes(place, run) {
    const [turn, after] = [this.turns[place], this.turns[place + 1]];
    const round = this.index.rounds[turn];
    const last = after === undefined || this.index.rounds[after] !== round;
    return this.whole && last ? run.probes.filter((probe) => probe.round === round).map(probeCard) : [];
  }

  async go(message) {
    const run = this.index.number.get(this.runOf(message)?.run);
    if (run === undefined) return this.say("There is no such message here.");
    const turns = (await transcript(run)).turns;
    const place = this.turns.indexOf(this.index.start[run] + turns.findIndex((turn) => wellFormed(turn.id) === message));
    if (place < 0) return this.say("There is no such message here.");
    await this.list.reveal(place);
    // What lies before it takes its true height only now.
    return new Promise((resolve) => setTimeout(() => resolve(this.list?.reveal(place)), 120));
  }

  /** A long list is never there as a whole: paper says what it lacks. */
  sayWhatPrints() {
    const left = this.list ? this.list.length - this.list.built : 0;
    const what = `Not printed: ${plural(left, "turn")} of ${this.list?.length.toLocaleString("en")}, which this page had not built. A single run prints whole. `;
    $("#unprinted").textContent = `${left ? what : ""}What is closed (verdicts, what a turn saw) is not printed.`;
  }

  /** The keyboard's way through the list. */
  step(by) {
    const at = document.activeElement?.closest?.("[data-place]");
    const next = at ? Number(at.dataset.place) + by : this.firstShown();
    this.list?.reveal(Math.max(0, Math.min(next, this.list.length - 1)));
  }

  firstShown() {
    const shown = $$("#turns [data-place]").find((card) => card.getBoundingClientRect().bottom > 80);
    return shown ? Number(shown.dataset.place) : 0;
  }

  say(...content) {
    $("#found").replaceChildren(...content);
  }

  // Filters ----------------------------------------------------------------------------------------------

  changed(event) {
    if (!event.target.name) return;
    const filter = new URLSearchParams(this.filter);
    const { name, value } = event.target;
    filter.delete(name);
    if (value) filter.set(name, value);
    if (name === "series") ["run", "round"].forEach((field) => filter.delete(field));
    if (name === "flag" && !value) ["code", "level"].forEach((field) => filter.delete(field));
    if (name === "flag" && value && !filter.has("code")) filter.set("code", "label=yes");
    replaceAddress(address(Object.fromEntries(unique([...filter.keys()]).map((key) => [key, filter.getAll(key)]))), name === "q");
  }

  fillForm() {
    const { filter } = this;
    for (const field of FIELDS) this.fillSelect($(`[name="${field}"]`, this.form), this.options(field), filter.getAll(field));
    if (document.activeElement !== $("#search")) $("#search").value = filter.get("q") ?? "";
    const count = unique([...filter.keys()]).length;
    $("#filter-count").textContent = count ? ` (${count})` : "";
    $("#clear").hidden = count === 0;
  }

  fillSelect(select, options, chosen) {
    const called = new Map(options);
    const several = [chosen.join("\u0001"), chosen.map((value) => called.get(value) ?? value).join(", ")];
    const shown = chosen.length > 1 ? [...options, several] : options;
    const known = new Set(shown.map(([value]) => value));
    const extra = chosen.length === 1 && !known.has(chosen[0]) ? [[chosen[0], chosen[0]]] : [];
    select.replaceChildren(...[["", "any"], ...shown, ...extra].map(([value, text]) => el("option", { value }, seen(text))));
    select.value = chosen.length > 1 ? chosen.join("\u0001") : (chosen[0] ?? "");
    select.closest("label").hidden = options.length === 0 && !chosen.length;
  }

  options(field) {
    const { index: all, filter } = this;
    const same = (values) => values.map((value) => [wellFormed(value), value]);
    switch (field) {
      case "series":
        return same(all.series);
      case "run":
        return same(all.runsOf(seriesOnly(filter)).map((number) => all.runs[number].run));
      case "round":
        return same(Array.from({ length: all.mostRounds }, (_, round) => String(round)));
      case "agent":
        return same(all.agents);
      case "kind":
        return Object.entries(KIND_SAID).filter(([kind]) => all.kinds.includes(Object.keys(KIND).find((sign) => KIND[sign] === kind)));
      case "mark":
        return Object.entries(MARK_SAID).filter(([mark]) => all.marked & MARK[mark]);
      case "flag":
        return same(all.flags);
      case "level":
        return same(unique(Object.values(ABOUT.levels).flat()));
      default:
        return all.flags.length ? codeOptions(all.coders) : [];
    }
  }

  // Runs -------------------------------------------------------------------------------------------------

  showRuns() {
    this.turns = [];
    this.say(`${plural(this.index.runs.length, "run")}, ${plural(this.index.size, "turn")}. Choose a run, or filter all of them.`);
    $("#neighbours").replaceChildren();
    const bySeries = grouped(this.index.runs, (run) => run.series);
    const box = (series) => {
      const all = el("a", { class: "all", href: address({ series }) }, "all messages");
      const links = el("p", { class: "run-links" }, ...bySeries.get(series).map(runLink));
      return el("section", { class: "series-runs" }, el("h3", {}, said(series), all), links);
    };
    $("#runs").replaceChildren(...this.index.series.map(box));
  }

  /** The rounds of a run, and the runs before and after it. */
  showNeighbours() {
    const number = this.whole ? this.index.number.get(this.index.runs.find((run) => wellFormed(run.run) === this.filter.get("run"))?.run) : undefined;
    if (number === undefined) return $("#neighbours").replaceChildren();
    const run = (step, text) => {
      const other = this.index.runs[number + step];
      return other && el("a", { href: address({ run: other.run }), rel: step < 0 ? "prev" : "next" }, text);
    };
    const rounds = unique(this.turns.map((turn) => this.index.rounds[turn]));
    const first = (round) => this.turns.findIndex((turn) => this.index.rounds[turn] === round);
    const jump = (round) => el("button", { type: "button", onclick: () => this.list.reveal(first(round)) }, round);
    const jumps = el("span", { class: "rounds", role: "group", "aria-label": "Rounds" }, "round ", ...rounds.map(jump));
    const shown = [run(-1, "← previous run"), jumps, run(1, "next run →")];
    return $("#neighbours").replaceChildren(...shown.filter(Boolean));
  }
}

const unique = (values) => [...new Set(values)];
const seriesOnly = (filter) => new URLSearchParams(filter.getAll("series").map((name) => ["series", name]));
const shortRun = (run) => (run.run.startsWith(`${run.series}-run`) ? run.run.slice(run.series.length + 4) : run.run);

function grouped(values, key) {
  const groups = new Map();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}

const holds = (turn, query) => [turn.text, turn.detail, turn.told, turn.announced].some((text) => text && folded(text).includes(query));

function runLink(run) {
  const title = `${plural(run.turns, "turn")}, ${run.status}`;
  const state = run.status === "done" ? null : "unfinished";
  return el("a", { href: address({ run: run.run }), class: state, title }, said(shortRun(run)));
}

function agentLine(agent) {
  const model = el("span", { class: "model" }, said(agent.label));
  const badge = el("span", { class: "badge" }, agent.seat + 1);
  return el("li", { class: `seat-${agent.seat % 8}` }, badge, " ", said(agent.name), " ", model);
}

function runHeading(run) {
  const { about, end } = run;
  const agents = run.agents.map(agentLine);
  const rest = [
    ["series", run.series],
    ["status", end.status ?? "partial"],
    ["reason", end.reason],
    ["started", about.started],
    ["seed", about.seed],
    ["forked from", about.parent],
  ];
  return el(
    "header",
    { class: "run-heading" },
    el("h3", {}, el("a", { href: address({ run: run.run }) }, said(run.run))),
    el("p", { class: "about" }, ...facts(rest.filter(([, value]) => value !== undefined && value !== ""))),
    later("Who took part", () => el("ul", { class: "agents" }, ...agents)),
    about.condition && later("What they were given", () => longText(JSON.stringify(about.condition, null, 2).replaceAll("\\n", "\n"), "What they were given")),
  );
}

function codeOptions(coders) {
  const pairs = coders.flatMap((a, place) => coders.slice(place + 1).map((b) => [a, b]));
  const of = (who, text) => Object.keys(ANSWERED).map((answer) => [`${who}=${answer}`, `${text}: ${answer}`]);
  const both = (a, b) => [
    ["differ", `${a} and ${b} differ`],
    ["yn", `${a} yes, ${b} no`],
    ["ny", `${a} no, ${b} yes`],
    ["yy", `${a} and ${b}: yes`],
    ["nn", `${a} and ${b}: no`],
    ["both", `${a} and ${b}: decided`],
  ];
  return [
    ...of("label", "label"),
    ...(pairs.length ? [["differ", "coders differ"]] : []),
    ...coders.flatMap((coder) => of(`coder:${coder}`, coder)),
    ...pairs.flatMap(([a, b]) => both(a, b).map(([what, text]) => [`pair:${a}:${b}=${what}`, text])),
  ];
}
