"""The third stage: journals → codes, by the coders of a panel."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mascope.chat.budget import Purse
from mascope.chat.pacing import Pacer
from mascope.chat.prices import load_prices
from mascope.chat.routes import require
from mascope.chat.types import Chat
from mascope.codebook import Panel
from mascope.halt import INTERRUPTED, Halt, interruptible
from mascope.judging.llm import Calling
from mascope.judging.panel import Observer, Setting, judge
from mascope.judging.recording import Again
from mascope.judging.summary import JudgingSummary
from mascope.pipeline.collecting import rarely_collecting
from mascope.pipeline.opening import close, open_chats, spent_in
from mascope.pipeline.panels import panel_of
from mascope.store.layout import Results


@dataclass(frozen=True, slots=True)
class Prepared:
    """A panel with its models opened, and what it is to code."""

    results: Results
    panel: Panel
    chats: Mapping[str, Chat]
    again: Again


def prepare(
    results: Results, panel: Path | None, budget_usd: float | None, prices: Path | None, again: Again
) -> Prepared:
    """Read, check and open all that is needed. Nothing is written, nothing is sent."""
    chosen = panel_of(results, panel)
    models = [judge.model for judge in chosen.judges]
    require(models)
    table = load_prices(prices)
    purse = Purse(budget_usd, spent_in(results)) if budget_usd is not None else None
    return Prepared(results, chosen, open_chats(models, table, purse), again)


async def code(prepared: Prepared, observer: Observer) -> JudgingSummary:
    """Code what is not coded yet. Ctrl-C ends it cleanly, a second one at once; both resume."""
    halt = Halt()
    setting = Setting(Calling(Pacer()), observer, halt, prepared.again)
    with prepared.results.locked(), rarely_collecting():
        work = asyncio.create_task(judge(prepared.results, prepared.panel, prepared.chats, setting))
        try:
            with interruptible(halt, work):
                return await work
        except asyncio.CancelledError:
            return JudgingSummary((), INTERRUPTED)
        finally:
            await close(prepared.chats)
