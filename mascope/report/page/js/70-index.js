// Every turn of every run, without its text: what the filters work on. `turns.py` says how it is written.

const KIND = { m: "message", e: "empty", s: "scripted", c: "copied", f: "failure", i: "fault" };
const KIND_SAID = {
  message: "Messages",
  empty: "Empty answers",
  scripted: "Scripted lines",
  copied: "Repeated from the parent of a fork",
  failure: "Failures nobody asked for",
  fault: "Failures that the study asks for",
};
const MARK = { truncated: 1, cleaned: 2, retried: 4, broadcast: 8, told: 16 };
const MARK_SAID = {
  truncated: "Cut off at the limit of tokens",
  cleaned: "Changed by hygiene",
  retried: "Asked more than once",
  broadcast: "Merely lists addressees",
  told: "Failure that the others were told of",
};

const isYes = (sign) => sign === "y" || (sign >= "1" && sign <= "9");
const ANSWERED = {
  yes: isYes,
  no: (sign) => sign === "n",
  undecided: (sign) => sign === "u" || sign === "x",
  decided: (sign) => isYes(sign) || sign === "n",
};
const PAIRED = {
  both: (a, b) => ANSWERED.decided(a) && ANSWERED.decided(b),
  differ: (a, b) => PAIRED.both(a, b) && isYes(a) !== isYes(b),
  yy: (a, b) => isYes(a) && isYes(b),
  yn: (a, b) => isYes(a) && b === "n",
  ny: (a, b) => a === "n" && isYes(b),
  nn: (a, b) => a === "n" && b === "n",
};

class TurnIndex {
  constructor(data) {
    Object.assign(this, data);
    this.size = data.kinds.length;
    this.rounds = Int32Array.from(data.rounds);
    this.mostRounds = this.rounds.reduce((most, round) => Math.max(most, round + 1), 0);
    this.speakers = Int32Array.from(data.speakers);
    this.run = new Int32Array(this.size);
    this.start = new Int32Array(data.runs.length + 1);
    data.runs.forEach((run, number) => {
      this.start[number + 1] = this.start[number] + run.turns;
      this.run.fill(number, this.start[number], this.start[number + 1]);
    });
    this.number = new Map(data.runs.map((run, number) => [run.run, number]));
    this.series = [...new Set(data.runs.map((run) => run.series))];
    this.coders = Object.keys(data.codes);
    this.flags = ABOUT.flags.map((flag) => flag.name);
    this.marked = [...new Set(data.marks)].reduce((all, mark) => all | parseInt(mark, 32), 0);
  }

  /** What the tables count of one turn: `labels` and `levels` by flag. */
  labelled(turn) {
    const labels = {};
    const levels = {};
    for (const flag of this.flags) {
      const sign = this.labels[flag]?.[turn] ?? ".";
      if (sign === ".") continue;
      labels[flag] = isYes(sign) ? "yes" : sign === "n" ? "no" : "undecided";
      if (sign >= "1" && sign <= "9") levels[flag] = ABOUT.levels[flag][Number(sign) - 1];
    }
    return Object.keys(labels).length ? { labels, levels } : {};
  }

  /** The numbers of the turns for which all of a filter holds. `URLSearchParams` in, numbers out. */
  matching(filter) {
    const tests = [...this.placeTests(filter), ...this.codeTests(filter)];
    const found = [];
    for (const run of this.runsOf(filter))
      for (let turn = this.start[run]; turn < this.start[run + 1]; turn++)
        if (tests.every((test) => test(turn))) found.push(turn);
    return found;
  }

  runsOf(filter) {
    const [runs, series] = [new Set(filter.getAll("run")), new Set(filter.getAll("series"))];
    const wanted = (run) => (!runs.size || runs.has(wellFormed(run.run))) && (!series.size || series.has(wellFormed(run.series)));
    return this.runs.flatMap((run, number) => (wanted(run) ? [number] : []));
  }

  placeTests(filter) {
    const tests = [];
    const among = (name, of) => {
      const wanted = new Set(filter.getAll(name));
      if (wanted.size) tests.push((turn) => wanted.has(of(turn)));
    };
    const agents = this.agents.map(wellFormed);
    among("round", (turn) => String(this.rounds[turn]));
    among("agent", (turn) => agents[this.speakers[turn]]);
    among("kind", (turn) => KIND[this.kinds[turn]]);
    for (const mark of filter.getAll("mark")) tests.push((turn) => (parseInt(this.marks[turn], 32) & MARK[mark]) > 0);
    return tests;
  }

  codeTests(filter) {
    const [flag, code, level] = [filter.get("flag"), filter.get("code"), filter.get("level")];
    if (!flag && !code && !level) return [];
    const flags = flag ? [flag] : this.flags;
    const tests = flags.map((one) => this.codeTest(one, code ?? "label=yes"));
    const coded = (turn) => tests.some((test) => test(turn));
    return level ? [coded, this.levelTest(flags, level)] : [coded];
  }

  codeTest(flag, code) {
    const [who, what] = code.split("=");
    const [kind, a, b] = who.split(":");
    const none = { length: 0 };
    if (kind === "label") {
      const signs = this.labels[flag] ?? none;
      return (turn) => ANSWERED[what]?.(signs[turn] ?? ".");
    }
    if (kind === "coder") {
      const signs = this.codes[a]?.[flag] ?? none;
      return (turn) => ANSWERED[what]?.(signs[turn] ?? ".");
    }
    if (kind === "pair") {
      const [one, other] = [this.codes[a]?.[flag] ?? none, this.codes[b]?.[flag] ?? none];
      return (turn) => PAIRED[what]?.(one[turn] ?? ".", other[turn] ?? ".");
    }
    const all = this.coders.map((coder) => this.codes[coder][flag]).filter(Boolean);
    return (turn) => all.some((signs) => isYes(signs[turn])) && all.some((signs) => signs[turn] === "n");
  }

  /** By the level that the label has; `none` for an event without one. */
  levelTest(flags, level) {
    const sign = (flag) => (level === "none" ? "y" : String((ABOUT.levels[flag] ?? []).indexOf(level) + 1));
    const wanted = flags.map((flag) => [this.labels[flag] ?? "", sign(flag)]);
    return (turn) => wanted.some(([signs, one]) => signs[turn] === one);
  }
}

const index = (() => {
  let made = null;
  return () => (made ??= part("index").then((data) => new TurnIndex(data)));
})();
