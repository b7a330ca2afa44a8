"""The third stage: journals → codes, by the coders of a panel."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mascope.chat.budget import Purse
from mascope.chat.pacing import Pacer
from mascope.chat.prices import load_prices
from mascope.chat.routes import missing_for, require
from mascope.chat.types import Chat
from mascope.codebook import Panel
from mascope.halt import INTERRUPTED, Halt, interruptible
from mascope.judging.llm import Calling
from mascope.judging.panel import Observer, Setting, judge
from mascope.judging.recording import Again
from mascope.judging.summary import JudgingSummary
from mascope.pipeline.collecting import rarely_collecting
from mascope.pipeline.opening import check_prices, close, open_chats, spent_in
from mascope.pipeline.panels import panel_of
from mascope.store.layout import Results


@dataclass(frozen=True, slots=True)
class Prepared:
    """A panel with its models opened, and what it is to code."""

    results: Results
    panel: Panel
    chats: Mapping[str, Chat]
    again: Again
    purse: Purse | None = None


def prepare(
    results: Results,
    panel: Path | None,
    budget_usd: float | None,
    prices: Path | None,
    again: Again,
    *,
    elsewhere: bool = False,
) -> Prepared:
    """Read, check and open all that is needed. Nothing is written, nothing is sent.

    `elsewhere`: other machines ask the models, so that keys, extras and models are theirs to have.
    """
    chosen = panel_of(results, panel)
    models = [judge.model for judge in chosen.judges]
    (missing_for if elsewhere else require)(models)
    table = load_prices(prices)
    purse = Purse(budget_usd, spent_in(results)) if budget_usd is not None else None
    if purse is not None:
        check_prices(models, table)
    return Prepared(results, chosen, {} if elsewhere else open_chats(models, table, purse), again, purse)


Coding: TypeAlias = Callable[[Prepared, Observer, Halt], Coroutine[Any, Any, JudgingSummary]]
"""Codes what is left to code."""


async def here(prepared: Prepared, observer: Observer, halt: Halt) -> JudgingSummary:
    """Code it in this process."""
    setting = Setting(Calling(Pacer()), observer, halt, prepared.again)
    try:
        return await judge(prepared.results, prepared.panel, prepared.chats, setting)
    finally:
        await close(prepared.chats)


async def code(prepared: Prepared, observer: Observer, where: Coding = here) -> JudgingSummary:
    """Code what is not coded yet. Ctrl-C ends it cleanly, a second one at once; both resume."""
    halt = Halt()
    with prepared.results.locked(), rarely_collecting():
        work = asyncio.create_task(where(prepared, observer, halt))
        try:
            with interruptible(halt, work):
                return await work
        except asyncio.CancelledError:
            return JudgingSummary((), INTERRUPTED)
