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
// In the page, or, where they are too large for it, one file a run beside it. A page opened from disk may
// not fetch, but it may load scripts: each calls `mascopeTranscript` with what it holds.

const KEPT = 24; // transcripts in memory; the least recently used goes first
const transcripts = new Map();
const awaited = new Map();

window.mascopeTranscript = (run, packed) => awaited.get(run)?.(packed);

/** The transcript of the run with this number in the index. */
function transcript(number) {
  const kept = transcripts.get(number) ?? load(number);
  transcripts.delete(number);
  transcripts.set(number, kept);
  if (transcripts.size > KEPT) transcripts.delete(transcripts.keys().next().value);
  kept.catch(() => transcripts.delete(number)); // it may be there the next time
  return kept;
}

async function load(number) {
  const held = document.getElementById(`run-${number}`);
  const packed = held ? held.textContent : await fromFile(ABOUT.files[number]);
  const [run, ...said] = await Promise.all(packed.split(" ").map((part) => (part === "-" ? {} : unpack(part))));
  for (const turn of run.turns) {
    const codes = ABOUT.coders.map((coder, place) => [coder, said[place][turn.id]]).filter(([, verdict]) => verdict);
    if (codes.length) turn.codes = Object.fromEntries(codes);
  }
  return run;
}

function fromFile(run) {
  const script = el("script", { src: `transcripts/${encodeURIComponent(run)}.js` });
  const loaded = new Promise((resolve, reject) => {
    awaited.set(run, resolve);
    script.onerror = () => reject(new Error(`transcripts/${run}.js is not beside this page`));
  });
  document.head.append(script);
  return loaded.finally(() => {
    awaited.delete(run);
    script.remove();
  });
}
