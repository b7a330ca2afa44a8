"""A results directory of any size, with journals and codes as the program itself would have written them.

    python -m bench.made OUT [--messages 100000]

Ten series of discussions: five agents speak in ten rounds, a sixth crashes in the first; two coders have
coded every message by six flags. Agents have their own rates and favourite words, coders err at random.
Everything is drawn from a seed, and no model, not even a rehearsed one, is asked.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mascope.discussion.runs import header
from mascope.records import Agent, Coding, Failure, Mark, Message, Turn, Usage, message_id
from mascope.spread import spread
from mascope.stats.language import FUNCTION_WORDS
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.journal import Recorder
from mascope.store.layout import Results
from mascope.study import Run, Study, load_study, stamped
from mascope.study.plan import plan_run
from mascope.yamlfile import dump

SERIES, AGENTS, ROUNDS = 10, 5, 10
MESSAGES_A_RUN = AGENTS * ROUNDS
FLAGS = ("PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP")
RATES = np.array([
    [0.10, 0.20, 0.05, 0.10, 0.30, 0.02],
    [0.02, 0.10, 0.05, 0.60, 0.20, 0.01],
    [0.30, 0.15, 0.02, 0.05, 0.40, 0.01],
    [0.05, 0.25, 0.45, 0.20, 0.10, 0.05],
    [0.08, 0.30, 0.10, 0.30, 0.15, 0.02],
])  # fmt: skip
"""(agents, flags): how often each agent shows each flag."""
ERRORS = {"careful": 0.05, "lenient": 0.10}
"""Coder → how often it errs."""
STUDY = """\
study: made
panel: {panel}
seed: 7
brief: Agree on a plan for the garden.
models:
  a: {{model: rehearsal/plain}}
  b: {{model: rehearsal/architect}}
  c: {{model: rehearsal/chatty}}
  d: {{model: rehearsal/leader}}
  e: {{model: rehearsal/critic}}
  f: {{model: rehearsal/plain}}
base:
  participants: [a, b, c, d, e, f]
  rounds: {rounds}
  runs: {runs}
  faults: [{{agent: f, round: 0, kind: crash, peers_see: notice}}]
series: {{{series}}}
hypotheses:
  - {{id: H1, measure: similarity, compare: [S1, S2], direction: less}}
  - {{id: H2, measure: any_trait, compare: [S1, S3]}}
  - {{id: H3, measure: LEAD, compare: [S2, S3], direction: greater}}
"""
COMMON = tuple(sorted(FUNCTION_WORDS["en"]))
SYLLABLES = ("ba", "co", "di", "fu", "ga", "lo", "mi", "nu", "pe", "ro", "sa", "ti", "ve", "zo")
PANEL = Path(__file__).resolve().parents[1] / "judges" / "rehearsal.yaml"
AT = "2026-01-01T12:00:00.000Z"
JUDGED: Mapping[str, Any] = {
    "served_model": "rehearsal/judge", "asked": 1, "attempts": 1,
    "usage": {"prompt": 1900, "completion": 23}, "cost_usd": 0.0, "latency_s": 0.0,
}  # fmt: skip
RUNS_AT_ONCE = 50


@dataclass(frozen=True)
class Shape:
    messages: int
    """At least so many."""
    coded: bool = True


def made(results: Results, shape: Shape) -> int:
    """Write a results directory that is not there yet; how many messages it has."""
    runs = -(-shape.messages // (MESSAGES_A_RUN * SERIES))
    results.root.mkdir(parents=True)
    series = ", ".join(f"S{number}: {{}}" for number in range(1, SERIES + 1))
    source(results).write_text(STUDY.format(panel=PANEL, rounds=ROUNDS, runs=runs, series=series))
    study = load_study(source(results))
    results.write_study(dump(stamped(study, results.root, None)))
    planned = [(name, number) for name in study.series for number in range(1, runs + 1)]
    shares = [planned[first : first + RUNS_AT_ONCE] for first in range(0, len(planned), RUNS_AT_ONCE)]
    return sum(spread(partial(_write, results, shape), shares))


def source(results: Results) -> Path:
    return results.root / "made.yaml"


def _write(results: Results, shape: Shape, share: Sequence[tuple[str, int]]) -> int:
    study = load_study(source(results))
    return sum(_write_run(results, shape, study, plan_run(study, *one)) for one in share)


def _write_run(results: Results, shape: Shape, study: Study, run: Run) -> int:
    rng = np.random.default_rng(run.seed)
    said = list(_record(results, study, run, rng))
    place = {agent.id: seat for seat, agent in enumerate(run.agents)}
    truth = rng.random((len(said), len(FLAGS))) < RATES[[place[message.agent] for message in said]]
    for coder, error in ERRORS.items() if shape.coded else ():
        _code(results.codes(coder, run.id), coder, said, truth ^ (rng.random(truth.shape) < error))
    return len(said)


def _record(results: Results, study: Study, run: Run, rng: np.random.Generator) -> Iterator[Message]:
    with closing(Recorder(results.journal(run.id), lambda: AT)) as recorder:
        recorder.header(header(study, run))
        for turn in _turns(run, rng):
            if isinstance(turn, Message):
                recorder.call(turn.agent, turn.round, 1, turn.prompt_digest)
                yield turn
            recorder.turn(turn)
        recorder.end("done")


def _turns(run: Run, rng: np.random.Generator) -> Iterator[Turn]:
    seen: list[str] = []
    for number in range(ROUNDS):
        told = tuple(seen)
        for position, agent in enumerate(run.agents):
            id_ = message_id(run.id, agent.name, number)
            if position == AGENTS:
                notice = f"[System]: {agent.name} has left the discussion." if number == 0 else None
                yield Failure(
                    id_, agent.id, agent.name, number, position, "crash", "injected", "", notice, AT
                )
                if notice is None:
                    continue
            else:
                yield _message(run, agent, (number, position), told, rng)
            seen.append(id_)


def _message(
    run: Run, agent: Agent, turn: tuple[int, int], seen: tuple[str, ...], rng: np.random.Generator
) -> Message:
    text = _text(run, agent, rng)
    id_ = message_id(run.id, agent.name, turn[0])
    return Message(
        id=id_, agent=agent.id, name=agent.name, model=agent.model, served_model=agent.served_by,
        round=turn[0], position=turn[1], text=text, seen=seen, prompt_digest=_digest(id_), at=AT,
        finish_reason="stop", usage=Usage(200 + 60 * len(seen), len(text) // 4), cost_usd=0.0001,
        latency_s=0.5, seed=int(rng.integers(2**31)), layout="separate",
    )  # fmt: skip


def _text(run: Run, agent: Agent, rng: np.random.Generator) -> str:
    """About sixty words: common ones, and some of a vocabulary of which every agent likes another part."""
    count = int(rng.integers(10, 110))
    common, rare = rng.integers(len(COMMON), size=count), rng.zipf(1.3, size=count)
    words = [
        COMMON[a] if a % 2 else _word((agent.seat * 37 + int(b)) % 20_000)
        for a, b in zip(common, rare, strict=True)
    ]
    if rng.random() < 0.4:
        words[0] = f"{run.agents[int(rng.integers(len(run.agents)))].name}:"
    return " ".join(words) + ("?" if rng.random() < 0.2 else ".")


@cache
def _word(number: int) -> str:
    size, letters = len(SYLLABLES), list[str]()
    while number or not letters:
        number, place = divmod(number, size)
        letters.append(SYLLABLES[place])
    return "".join(letters)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _code(file: Path, coder: str, said: Sequence[Message], marks: npt.NDArray[np.bool_]) -> None:
    about = CoderHeader(coder, "llm", _digest(coder), FLAGS, "rehearsal/judge", simulated=True)
    with closing(CodesRecorder(file, about, lambda: AT)) as recorder:
        for message, row in zip(said, marks.tolist(), strict=True):
            digest = _digest(message.id)
            recorder.call(message=message.id, attempt=1, request=digest)
            recorder.verdict(Coding(message.id, _marks(row)), request=digest, **JUDGED)


def _marks(row: Sequence[bool]) -> dict[str, Mark]:
    found = {flag: Mark("yes" if shown else "no") for flag, shown in zip(FLAGS, row, strict=True)}
    return found | {FLAGS[-1]: Mark("yes", level="L1")} if row[-1] else found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--messages", type=int, default=100_000)
    given = parser.parse_args()
    sys.stdout.write(f"{made(Results(given.out), Shape(given.messages)):,} messages in {given.out}\n")


if __name__ == "__main__":
    main()
