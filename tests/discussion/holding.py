"""Holding small studies with scripted models; what is checked is read back from the journals."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from mascope.chat.retrying import RetryPolicy
from mascope.chat.scripted import Script, Scripted
from mascope.chat.types import Request
from mascope.discussion.channel import Models
from mascope.discussion.engine import Observer, Setting, Unobserved
from mascope.discussion.runs import hold_runs
from mascope.halt import Halt
from mascope.records import Failure, Message, ProbeAnswer, Turn
from mascope.store import journal
from mascope.store.journal import probe_answers
from mascope.store.layout import Results
from mascope.study import load_study, plan

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {{model: rehearsal/plain{options}}}
  bob: {{model: rehearsal/plain{options}}}
  cy: {{model: rehearsal/plain}}
base: {{participants: [ann, bob, cy], rounds: 3}}
series: {{X: {{{base}}}}}
"""


@dataclass
class Held:
    """What holding a study left on disk, and what the models were asked."""

    statuses: dict[str, str]
    turns: list[Turn]
    results: Results
    requests: dict[str, list[Request]] = field(default_factory=dict)

    @property
    def messages(self) -> dict[str, Message]:
        return {turn.id: turn for turn in self.turns if isinstance(turn, Message)}

    @property
    def answers(self) -> dict[str, ProbeAnswer]:
        found = [answer for file in self.results.journals() for answer in probe_answers(journal.read(file))]
        return {answer.id: answer for answer in found}

    @property
    def failures(self) -> dict[str, Failure]:
        return {turn.id: turn for turn in self.turns if isinstance(turn, Failure)}


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@dataclass
class Holder:
    """Holds a study of the agents ann, bob and cy, each answered for by a script."""

    folder: Path
    observer: Observer = field(default_factory=Unobserved)

    def __call__(
        self,
        base: str = "runs: 1",
        script: Script | None = None,
        halt: Halt | None = None,
        options: str = "",
        **own: Script,
    ) -> Held:
        """`base` is the series' patch; `options` are further settings of the models ann and bob."""
        file = self.folder / "study.yaml"
        file.write_text(STUDY.format(base=base, options=f", {options}" if options else ""))
        study = load_study(file)
        results = Results(self.folder / "results")
        chats = {name: Scripted(own.get(name, script or says(name))) for name in ("ann", "bob", "cy")}
        models = Models(chats, policy=RetryPolicy(attempts=3, doubtful_attempts=2), sleep=no_sleep)
        setting = Setting(models, self.observer, halt or Halt())
        statuses = asyncio.run(hold_runs(study, plan(study), results, setting, jobs=4))
        turns = [turn for found in results.journals() for turn in journal.read(found).turns]
        return Held(statuses, turns, results, {name: chat.requests for name, chat in chats.items()})


def says(name: str) -> Script:
    said = 0

    def answer(request: Request) -> str:
        nonlocal said
        said += 1
        return f"{name} says {said}"

    return answer
