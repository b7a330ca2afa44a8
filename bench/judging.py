"""How near does judging come to the limit, calls × latency / calls at once? What CPU time does a call take?

    python -m bench.judging [--messages 13786] [--latency 0.05] [--at-once 200]

Two judges of the usual codebook, `mascope judge` as it is (blinding, prompts, pacing, answers read, codes on
disk), against a loopback server in another process that gives a well-formed answer after the latency.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.lean_server import lean_server
from bench.made import FLAGS, Shape, made
from bench.measuring import Cost, clock, peak_mb, say, since
from mascope.judging.recording import Again
from mascope.judging.setting import Unobserved
from mascope.pipeline import judging
from mascope.store.layout import Results

JUDGES = 2
PANEL = """\
panel: bench
codebook: {codebook}
coders:
  first: {{model: openai/m, base_url: "{url}", concurrency: {each}}}
  second: {{model: openai/n, base_url: "{url}", concurrency: {each}}}
context: 3
"""
CODEBOOK = Path(__file__).resolve().parents[1] / "judges" / "behaviour.yaml"


@dataclass(frozen=True)
class Judged:
    calls: int
    cost: Cost


def judged(results: Results, folder: Path, url: str, at_once: int) -> Judged:
    """All messages coded by both judges."""
    panel = folder / f"{results.root.name}.yaml"
    panel.write_text(PANEL.format(codebook=CODEBOOK, url=url, each=at_once // JUDGES))
    prepared = judging.prepare(results, panel, None, None, Again())
    begun = clock()
    summary = asyncio.run(judging.code(prepared, Unobserved()))
    cost = since(begun)
    if any(coder.stopped or coder.unreadable or coder.unanswered for coder in summary.coders):
        raise RuntimeError(f"not all messages were coded: {summary}")
    return Judged(sum(coder.coded for coder in summary.coders), cost)


def lines(found: Judged, latency_s: float, at_once: int) -> Iterator[str]:
    ideal = found.calls * latency_s / at_once
    cost = found.cost
    yield f"{found.calls:,} calls, {at_once} at once; ideal {ideal:.2f} s"
    yield (
        f"judging  {cost.wall_s:6.2f} s, {cost.wall_s / ideal:5.2f} × ideal, "
        f"{cost.wall_s / cost.cpu_s:5.2f} × its CPU time; "
        f"{cost.cpu_s / found.calls * 1000:6.3f} ms CPU a call; peak memory {peak_mb():,.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=13_786)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--at-once", type=int, default=200)
    given = parser.parse_args()
    answer = json.dumps(dict.fromkeys(FLAGS, "no"))
    with tempfile.TemporaryDirectory() as folder, lean_server(given.latency, answer) as url:
        small, all_ = (Results(Path(folder, name)) for name in ("warming", "measured"))
        made(small, Shape(100, coded=False))
        made(all_, Shape(given.messages, coded=False))
        judged(small, Path(folder), url, given.at_once)  # imports, and whatever is built at the first call
        say(lines(judged(all_, Path(folder), url, given.at_once), given.latency, given.at_once))


if __name__ == "__main__":
    main()
