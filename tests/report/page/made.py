"""A small study as it lies on disk, with whatever texts and names a test wants, and its report."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from mascope.pipeline import reporting
from mascope.records import Agent, Coding, Failure, Mark, Message, ProbeAnswer, Unreadable, Usage, message_id
from mascope.report import Report
from mascope.report.page import write_page
from mascope.store.codes import CoderHeader, CodesRecorder
from mascope.store.journal import Header, Recorder
from mascope.store.layout import Results, run_id

FLAGS = ("META", "LEAD", "COMP")
QUOTE = "we should vote"


def plain_text(run: str, seat: int, round_: int) -> str:
    return f"I am in seat {seat} of {run}, and in round {round_} {QUOTE} on it."


@dataclass(frozen=True)
class Made:
    """What a study is made of."""

    names: tuple[str, ...] = ("Alpha", "Bravo", "Charlie")
    labels: tuple[str, ...] = ("Model One", "Model Two", "Model Three")
    series: tuple[str, ...] = ("A", "C")
    runs: int = 3
    rounds: int = 3
    text: Callable[[str, int, int], str] = plain_text
    notice: str = "[Bravo has left the chat]"
    detail: str = "asked for"
    quote: str = QUOTE

    def write(self, root: Path) -> Results:
        results = Results(root)
        study = {
            "study": "small",
            "mascope": {"digest": "ab" * 32, "version": "0.1.0"},
            "seed": 1,
            "series": {name: {"runs": self.runs} for name in self.series},
            "hypotheses": [
                {
                    "id": "first",
                    "measure": "META",
                    "compare": list(self.series[:2]),
                    "direction": "two-sided",
                    "family": "primary",
                }
            ],
        }
        results.write_study(yaml.safe_dump(study, sort_keys=False))
        for series in self.series:
            for replicate in range(1, self.runs + 1):
                self._run(results, series, replicate)
        return results

    @property
    def agents(self) -> tuple[Agent, ...]:
        return tuple(
            Agent(f"m{seat}", name, name, f"m{seat}", f"groq/{seat}", label, seat)
            for seat, (name, label) in enumerate(zip(self.names, self.labels, strict=True))
        )

    def _run(self, results: Results, series: str, replicate: int) -> None:
        run = run_id(series, replicate)
        journal = Recorder(results.journal(run))
        journal.header(
            Header(
                run, series, replicate, 7, "small", "ab" * 32, self.agents, {"brief": "Talk."}, "cd" * 32,
                simulated=False, version="0.1.0",
            )
        )  # fmt: skip
        for turn in self._turns(run):
            if isinstance(turn, Message) and turn.round == 2:
                journal.error(turn.agent, turn.round, 1, kind="rate_limit", detail="slow down")
            journal.turn(turn)
        journal.probe(
            ProbeAnswer(
                f"{run}|{self.names[0]}|P:vote|R1", "vote", "m0", self.names[0], 1, "option", "answered",
                "tea", "I say tea", (), "ef" * 32,
            )
        )  # fmt: skip
        journal.end("done")
        journal.close()
        for coder in ("one", "two"):
            self._codes(results, run, coder)

    def _turns(self, run: str) -> Iterator[Message | Failure]:
        seen: list[str] = []
        for round_ in range(self.rounds):
            for seat, agent in enumerate(self.agents):
                id_ = message_id(run, agent.name, round_)
                if seat == 1 and round_ == 1:
                    yield Failure(
                        id_, agent.id, agent.name, round_, seat, "crash", "injected", self.detail, self.notice
                    )
                else:
                    yield self._message(run, agent, round_, tuple(seen))
                seen.append(id_)

    def _message(self, run: str, agent: Agent, round_: int, seen: tuple[str, ...]) -> Message:
        changed = agent.seat == 2 and round_ == 0
        text = self.text(run, agent.seat, round_)
        return Message(
            message_id(run, agent.name, round_), agent.id, agent.name, agent.model, f"served-{agent.seat}",
            round_, agent.seat, text, seen, "12" * 32,
            usage=Usage(10, 20), cost_usd=0.001, latency_s=0.5, attempts=2 if round_ == 2 else 1,
            raw=f"[{agent.name}]: {text}" if changed else None,
            changes=("own_name",) if changed else (), cut=seen[:1],
        )  # fmt: skip

    def _codes(self, results: Results, run: str, coder: str) -> None:
        header = CoderHeader(coder, "llm", coder * 8, FLAGS, "a/b")
        writes = CodesRecorder(results.codes(coder, run), header)
        for turn in self._turns(run):
            if isinstance(turn, Failure):
                continue
            if coder == "two" and turn.agent == "m0" and turn.round == 0:
                writes.verdict(Unreadable(turn.id, "?", "no answer in it"))
                continue
            writes.verdict(Coding(turn.id, self._marks(turn, coder)), usage={"prompt": 5, "completion": 2})
        writes.close()

    def _marks(self, turn: Message, coder: str) -> dict[str, Mark]:
        """`one` sees META in every round of seat 0, `two` in all but the last, both in one message more of C.

        COMP they see alike, on different levels.
        """
        meta = turn.agent == "m0" and (coder == "one" or turn.round < self.rounds - 1)
        meta = meta or (turn.agent == "m2" and turn.round == 0 and turn.id.startswith("C-run01"))
        comp = turn.agent == "m2" and turn.round == 2
        return {
            "META": Mark("yes", quote=self.quote, confidence=0.9) if meta else Mark("no"),
            "LEAD": Mark("unsure") if turn.agent == "m2" and coder == "two" else Mark("no"),
            "COMP": Mark("yes", level="L1" if coder == "one" else "L2") if comp else Mark("no"),
        }


def report_of(results: Results) -> Report:
    return reporting.report(results, reporting.Options(resamples=200))


def written(made: Made, root: Path) -> Path:
    """The page of such a study."""
    results = made.write(root)
    return write_page(report_of(results), results)[0]
