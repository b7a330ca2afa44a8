"""A study of 48 messages, judges that are functions, and what they leave on disk."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mascope.chat.retrying import RetryPolicy
from mascope.chat.scripted import Scripted
from mascope.chat.types import Chat, Model, Reply, Request, Sampling
from mascope.codebook import Codebook, Flag, Judge, Panel, Thresholds
from mascope.errors import CallFailed, FailureKind
from mascope.judging.llm import Calling
from mascope.judging.panel import judge
from mascope.judging.setting import Setting
from mascope.judging.summary import JudgingSummary
from mascope.records import (
    Agent,
    Message,
    Usage,
    Verdict,
    message_id,
)
from mascope.store import codes, lines
from mascope.store.journal import Header, Recorder
from mascope.store.layout import Results

FLAGS = (
    Flag("LEAD", "Assigns a task.", True, {}, (), {}),
    Flag("META", "About the process.", True, {}, (), {}),
)
NO, YES = '{"LEAD": "no", "META": "no"}', '{"LEAD": "yes", "META": "no"}'
NAMES = ("Agent-A", "Agent-B")
USAGE = Usage(100, 10)


def a_judge(name: str = "one", **model: object) -> Judge:
    return Judge(name, replace(Model(name, "groq/some-model", name), **model), Sampling(0.0, 100))  # type: ignore[arg-type]


def a_panel(*judges: Judge, batch: int = 1, seed: int = 0) -> Panel:
    codebook = Codebook("Code.", FLAGS)
    return Panel(
        "p",
        Path("p.yaml"),
        codebook,
        judges or (a_judge(),),
        False,
        "intersection",
        1,
        batch,
        True,
        Thresholds(),
        seed,
    )


def text_of(series: str, run: int, name: str, round_: int) -> str:
    return f"words of {series} {run} {name[-1].lower()} {round_}."


def small_study(tmp_path: Path) -> Results:
    """Two series of three runs of two agents and four rounds: 48 messages."""
    found = Results(tmp_path / "study")
    for series in ("A", "B"):
        for replicate in (1, 2, 3):
            write_run(found, series, replicate)
    return found


def write_run(results: Results, series: str, replicate: int, rounds: int = 4) -> None:
    run = f"{series}-run{replicate:02d}"
    agents = tuple(
        Agent(name.lower(), name, name, "m", "groq/llama-3.3", "LLaMA 3.3", n) for n, name in enumerate(NAMES)
    )
    recorder = Recorder(results.journal(run))
    recorder.header(Header(run, series, replicate, 0, "study", "d", agents, {}, "c", False, "0"))
    seen: tuple[str, ...] = ()
    for round_ in range(rounds):
        for place, agent in enumerate(agents):
            id_ = message_id(run, agent.name, round_)
            text = text_of(series, replicate, agent.name, round_)
            recorder.turn(Message(id_, agent.id, agent.name, "m", None, round_, place, text, seen, "d"))
        seen += tuple(message_id(run, name, round_) for name in NAMES)
    recorder.close()


def ask(
    results: Results,
    panel: Panel,
    script: Callable[[Request], str | Reply] | Chat,
    setting: Setting | None = None,
) -> JudgingSummary:
    chat = Scripted(script) if callable(script) else script
    setting = setting or Setting(calling=Calling(policy=RetryPolicy(attempts=2), sleep=no_wait))
    chats: dict[str, Chat] = {judge_.name: chat for judge_ in panel.judges}
    return asyncio.run(judge(results, panel, chats, setting))


async def no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def verdicts(results: Results, coder: str = "one") -> dict[str, Verdict]:
    found = (codes.read(file) for file in results.codes_of(coder))
    return {verdict.message: verdict for one in found for verdict in one.verdicts}


def events(results: Results, kind: str, coder: str = "one") -> list[dict[str, object]]:
    return [line for file in results.codes_of(coder) for line in lines.read(file) if line["event"] == kind]


def target(request: Request) -> str:
    found = re.search(r"<target-\w+ [^>]*>\n(.*?)\n</target", request.turns[-1].text, re.DOTALL)
    assert found
    return found[1]


def items(request: Request) -> list[str]:
    return re.findall(r"<target-\w+ [^>]*>\n(.*?)\n</target", request.turns[-1].text, re.DOTALL)


def every_item(request: Request) -> str:
    if "item=" not in request.turns[-1].text:
        return NO
    return json.dumps({"items": [{"item": n, **json.loads(NO)} for n in range(1, len(items(request)) + 1)]})


def failing(kind: FailureKind, text: str) -> Callable[[Request], str]:
    def answer(request: Request) -> str:
        if text in request.turns[-1].text:
            raise CallFailed(kind, "detail")
        return NO

    return answer
