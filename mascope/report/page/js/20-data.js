// What the page holds: small things as JSON, large ones packed until they are wanted.

const ABOUT = JSON.parse($("#about-data").textContent);

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const packs = new Map();

/** A packed part of the page, by its name; unpacked once. */
function part(name) {
  if (!packs.has(name)) packs.set(name, unpack(document.getElementById(`pack-${name}`).textContent));
  return packs.get(name);
}

// Transcripts ---------------------------------------------------------------------------------------------
// In the page, or, where they are too large for it, in files beside it, some runs in each. A page opened from
// disk may not fetch, but it may load scripts: each calls `mascopeTranscript` for every run that it holds.

const KEPT = 24; // transcripts in memory; the least recently used goes first
const KEPT_FILES = 3; // and files, packed
const transcripts = new Map();
const files = new Map();
let loaded = new Map(); // runs of the file that is being read, packed

window.mascopeTranscript = (run, packed) => loaded.set(run, packed);

/** What is kept under a key, made if it is not there; the least recently used goes where there are too many. */
function kept(things, key, most, make) {
  const found = things.get(key) ?? make(key);
  things.delete(key);
  things.set(key, found);
  if (things.size > most) things.delete(things.keys().next().value);
  found.catch(() => things.delete(key)); // it may be there the next time
  return found;
}

/** The transcript of the run with this number in the index. */
const transcript = (number) => kept(transcripts, number, KEPT, load);

async function load(number) {
  const held = document.getElementById(`run-${number}`);
  const packed = held ? held.textContent : await beside(number);
  const [run, ...said] = await Promise.all(packed.split(" ").map((part) => (part === "-" ? {} : unpack(part))));
  asShown(run);
  for (const turn of run.turns) {
    const codes = ABOUT.coders.map((coder, place) => [coder, said[place][turn.id]]).filter(([, verdict]) => verdict);
    if (codes.length) turn.codes = Object.fromEntries(codes);
  }
  return run;
}

/** Lines of a journal → what is shown: of each turn what is not empty, and what it saw by the places of those turns. */
function asShown(run) {
  const places = new Map(run.turns.map((line, place) => [line.id, place]));
  const errors = failedAttempts(run.errors);
  run.turns = run.turns.map((line, place) => {
    const turn = { ...notEmpty(line, places), kind: run.kinds[place] };
    if (line.event === "failure") turn.failed = line.kind;
    const failed = errors.get(`${line.agent} ${line.round}`);
    if (failed) turn.errors = failed;
    return turn;
  });
  run.probes = run.probes.map((line) => notEmpty(line, places));
}

const NOT_OF_A_TURN = new Set(["event", "run", "series"]);

/** 0 is something, while null, false, "", [] and {} are nothing. */
const isSomething = (value) => value === 0 || (value && typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value));

function notEmpty(line, places) {
  const found = Object.fromEntries(Object.entries(line).filter(([name, value]) => isSomething(value) && !NOT_OF_A_TURN.has(name)));
  for (const name of ["seen", "cut"]) {
    if (Array.isArray(found[name])) found[name] = found[name].map((id) => places.get(id) ?? id);
  }
  return found;
}

/** By agent and round. */
function failedAttempts(lines) {
  const found = new Map();
  for (const { agent, round, attempt, kind, detail } of lines) {
    const key = `${agent} ${round}`;
    found.set(key, [...(found.get(key) ?? []), notEmpty({ attempt, kind, detail })]);
  }
  return found;
}

async function beside(number) {
  let first = 0;
  for (const [file, runs] of ABOUT.files) {
    if (number < first + runs) return [...(await kept(files, file, KEPT_FILES, fromFile)).values()][number - first];
    first += runs;
  }
  throw new Error("it is in no file of this page");
}

/** The runs of a file in their order. */
function fromFile(file) {
  const script = el("script", { src: `transcripts/${encodeURIComponent(file)}` });
  const read = new Promise((resolve, reject) => {
    // Scripts run one after the other, and each is told of before the next begins.
    script.onload = () => {
      resolve(loaded);
      loaded = new Map();
    };
    script.onerror = () => reject(new Error(`transcripts/${file} is not beside this page`));
  });
  document.head.append(script);
  return read.finally(() => script.remove());
}
