"""Running a panel: every coder codes every message that it has not coded, in an order that tells it nothing.

Verdicts are written as they come, one file a coder and run, so that judging goes on where it was broken off.
"""

import asyncio
from collections.abc import Mapping

from mascope.chat.types import Chat
from mascope.codebook import Panel
from mascope.errors import BudgetReached, InvalidInput, MascopeError
from mascope.judging.at_work import AtWork
from mascope.judging.blinding import Blindings
from mascope.judging.coders import Coder
from mascope.judging.llm import Calling, LlmCoder
from mascope.judging.rules import RuleCoder
from mascope.judging.setting import Observer, Setting
from mascope.judging.stream import Stream
from mascope.judging.summary import JudgingSummary
from mascope.store.layout import Results

__all__ = ["Observer", "Setting", "coders_of", "judge"]


async def judge(
    results: Results, panel: Panel, chats: Mapping[str, Chat], setting: Setting | None = None
) -> JudgingSummary:
    """Code all that is not coded yet; `chats` has one for each judge, by its name.

    Raises what ends it for all coders: `InvalidInput` where codes of another digest are in the way, before
    any call; `CorruptJournal`; `BudgetReached`, once the answers under way are recorded.
    """
    setting = setting or Setting()
    stream = Stream(results, panel)
    at_work = [
        AtWork(coder, results, panel, stream, setting) for coder in coders_of(panel, chats, setting.calling)
    ]
    for one in at_work:
        one.prepare()
    try:
        async with asyncio.TaskGroup() as group:
            for one in at_work:
                group.create_task(one.code_all())
    except ExceptionGroup as errors:
        raise _first(errors) from errors
    reason = setting.halt.reason
    if isinstance(reason, BudgetReached):
        raise reason
    return JudgingSummary(tuple(one.summary() for one in at_work), None if reason is None else str(reason))


def coders_of(panel: Panel, chats: Mapping[str, Chat], calling: Calling) -> tuple[Coder, ...]:
    """The panel's coders, in its order."""
    missing = [judge.name for judge in panel.judges if judge.name not in chats]
    if missing:
        raise InvalidInput(f"no chat is open for the judge {missing[0]!r}")
    blindings = Blindings(panel.seed, blind=panel.blind)
    judges = [LlmCoder(judge, panel, chats[judge.name], blindings, calling) for judge in panel.judges]
    return (*judges, *([RuleCoder(panel.codebook)] if panel.rules else []))


def _first(errors: ExceptionGroup[Exception]) -> Exception:
    """The error to report of several that came at once: one of ours, if there is one."""
    ours, others = errors.split(MascopeError)
    first = (ours or others or errors).exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
